import { expect, it } from 'vitest';
import { readNatsLine } from './nats-log.ts';

it.each([
  ['[12] 2026/11/22 03:54:40.6 [INF] Server is ready', 'debug', 'Server is ready'],
  ['[12] 2026/11/22 03:54:40.6 [WRN] Slow', 'warn', 'Slow'],
  ['[12] 2026/11/22 03:54:40.6 [FTL] No room', 'error', 'No room'],
  ['nats-server: x.conf:1:2: broken', 'error', 'nats-server: x.conf:1:2: broken'],
])('reads %s', (line, level, text) => {
  expect(readNatsLine(line)).toEqual({ level, text });
});
