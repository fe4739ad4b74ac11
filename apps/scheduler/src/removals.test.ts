import type { StreamConnection } from '@posthaste/stream';
import { silentLog } from '@posthaste/telemetry';
import { eventually, ManualClock } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { Removals } from './removals.ts';

it('tries a trim again only after a pause while the streams are away', async () => {
  let asked = 0;
  const connection = {
    ask: () => {
      asked += 1;
      return Promise.reject(Object.assign(new Error('not connected'), { code: 'AWAY' }));
    },
  } as unknown as StreamConnection;
  const clock = new ManualClock();
  const stop = new AbortController();
  const removals = new Removals({ connection, partition: 0, clock, log: silentLog, signal: stop.signal });
  removals.trim('MAIL_0_normal', 7);
  for (const round of [1, 2, 3]) {
    await eventually(() => clock.sleeping === 1);
    await clock.advance(1_000);
    await eventually(() => expect(asked).toBe(round));
  }
  await eventually(() => clock.sleeping === 1);
  expect(asked).toBe(3);
  stop.abort();
});
