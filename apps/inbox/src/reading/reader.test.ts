import { systemClock, type Clock } from '@posthaste/telemetry';
import { afterEach, expect, it } from 'vitest';
import { program } from '../rig.ts';
import { Reader } from './reader.ts';

let reader: Reader;

afterEach(() => reader.close());

/** Has no patience at all with the first mail. */
function impatientClock(): Clock {
  let asked = 0;
  return { ...systemClock, sleep: (ms, signal) => ((asked += 1) === 1 ? Promise.resolve() : systemClock.sleep(ms, signal)) };
}

const short = Buffer.from('Subject: short\r\n\r\nhello\r\n');
/** Keeps postal-mime busy for minutes. */
const endless = Buffer.from(`Content-Type: text/plain\r\n\r\n${'\n'.repeat(3_000_000)}`);

it('takes mails apart in the order in which it is asked', async () => {
  reader = new Reader(program, systemClock);
  const answers = await Promise.all(['one', 'two', 'three'].map((text) => reader.read(Buffer.from(`Subject: x\r\n\r\n${text}`))));
  expect(answers.map((answer) => answer.kind === 'read' && answer.reading.text.trim())).toEqual(['one', 'two', 'three']);
});

it('gives up on a mail that takes too long, and goes on with the next', async () => {
  reader = new Reader(program, impatientClock());
  expect(await reader.read(endless)).toEqual({ kind: 'unreadable', reason: 'taking it apart takes more than 5 s' });
  expect(await reader.read(short)).toMatchObject({ kind: 'read' });
});

it('says why a mail cannot be taken apart', async () => {
  reader = new Reader(program, systemClock);
  const nested = Array.from({ length: 60 }, (_, level) => `Content-Type: multipart/mixed; boundary=b${level}\r\n\r\n--b${level}\r\n`).join('');
  expect(await reader.read(Buffer.from(nested))).toMatchObject({ kind: 'unreadable', reason: expect.stringContaining('nesting depth') as string });
  expect(await reader.read(short)).toMatchObject({ kind: 'read' });
});

it('lets only so many wait', async () => {
  reader = new Reader(program, systemClock);
  const answers = await Promise.all(Array.from({ length: 101 }, () => reader.read(short)));
  expect(answers.map((answer) => answer.kind).filter((kind) => kind === 'unreadable')).toHaveLength(1);
});

it('ends while it is busy', async () => {
  reader = new Reader(program, systemClock);
  const [busy, waiting] = [reader.read(endless), reader.read(short)];
  await reader.close();
  expect([await busy, await waiting].map((answer) => answer.kind)).toEqual(['unreadable', 'unreadable']);
});
