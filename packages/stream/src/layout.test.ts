import { expect, it } from 'vitest';
import { journalStream, laneOfStream, mailStream, mailSubject, partitionOfStream, subjectToken, waitStream } from './layout.ts';

it('names a log by partition and lane, and finds the lane again', () => {
  expect(mailStream(3, 'normal')).toBe('MAIL_3_normal');
  expect(laneOfStream('MAIL_3_normal')).toBe('normal');
  expect(laneOfStream('WAIT_3')).toBeUndefined();
  expect(laneOfStream('MAIL_3_other')).toBeUndefined();
});

it('finds the partition of a stream again', () => {
  expect([mailStream(3, 'normal'), waitStream(12), journalStream(0)].map(partitionOfStream)).toEqual([3, 12, 0]);
});

it('makes one token of any tenant', () => {
  expect(mailSubject(0, 'high', 'acme-1')).toBe('mail.0.high.acme-1');
  expect(subjectToken('a.b *>é')).toBe('a=2eb=20=2a=3e=c3=a9');
  expect(subjectToken('')).toBe('=');
});
