import { describe, expect, it } from 'vitest';
import { readSendmailFlags } from './flags.ts';

const plain = { kind: 'send', from: undefined, fullName: undefined, fromHeaders: false, dotEnds: true, recipients: [], endpoint: undefined };
const read = (line: string) => readSendmailFlags(line.split(' ').filter((word) => word !== ''));

describe('the flags of sendmail', () => {
  it.each([
    ['PHP', '-t -i', { fromHeaders: true, dotEnds: false }],
    ['PHP with a sender', '-t -i -fshop@example.org', { fromHeaders: true, dotEnds: false, from: 'shop@example.org' }],
    ['cron', '-FCronDaemon -i -B8BITMIME -oem root', { fullName: 'CronDaemon', dotEnds: false, recipients: ['root'] }],
    ['vixie cron', '-FCronDaemon -odi -oem -oi -t', { fullName: 'CronDaemon', dotEnds: false, fromHeaders: true }],
    [
      'mailx',
      '-i -m -r a@example.org -- b@example.net c@example.net',
      { dotEnds: false, from: 'a@example.org', recipients: ['b@example.net', 'c@example.net'] },
    ],
    ['git send-email', '-i -f a@example.org b@example.net', { dotEnds: false, from: 'a@example.org', recipients: ['b@example.net'] }],
    ['flags in one word', '-ti', { fromHeaders: true, dotEnds: false }],
    ['notifications', '-N success,delay -R hdrs -V abc -O DeliveryMode=b -L tag -h 5 -p smtp b@example.net', { recipients: ['b@example.net'] }],
    ['verbose', '-v -U -n -bm b@example.net', { recipients: ['b@example.net'] }],
    ['an api elsewhere', '--endpoint http://mail:8080 -t', { endpoint: 'http://mail:8080', fromHeaders: true }],
    ['the null sender', '-f <> b@example.net', { from: '<>', recipients: ['b@example.net'] }],
  ])('are read as %s passes them', (_caller, line, expected) => {
    expect(read(line)).toEqual({ ...plain, ...expected });
  });

  it('that run a queue or rebuild aliases find nothing to do', () => {
    for (const line of ['-q', '-q30m', '-bi']) expect(read(line)).toEqual({ kind: 'nothing to do' });
  });

  it.each([
    ['-bs', 'connect to the relay'],
    ['-bp', 'posthaste list --state queued'],
    ['-bd', 'posthaste up'],
    ['-f', '-f needs a value'],
    ['-Z b@example.net', '-Z: sendmail has no flag -Z'],
    ['--subject hello b@example.net', '--subject: sendmail has no flag --'],
  ])('%s is refused with what to do instead', (line, sentence) => {
    expect(() => read(line)).toThrow(sentence);
  });
});
