import { describe, expect, it } from 'vitest';
import { readSendmailFlags } from './flags.ts';
import { type Letter, writeLetter } from './letter.ts';

const caller = { user: 'www-data', domain: 'web.example' };

function write(flags: string, message: string): Omit<Letter, 'raw'> & { readonly raw: string } {
  const call = readSendmailFlags(flags.split(' ').filter((word) => word !== ''));
  if (call.kind !== 'send') throw new Error('nothing to send');
  const { raw, ...envelope } = writeLetter(call, Buffer.from(message), caller);
  return { ...envelope, raw: raw.toString('utf8') };
}

describe('a letter', () => {
  it('goes to To, Cc and Bcc with -t, and to those of the command line too', () => {
    const message =
      'From: A <a@example.org>\nTo: "B, the second" <b@example.net>,\n c@example.net\nCc: friends: d@example.net;\nBcc: e@example.net\nSubject: x\n\nhi\n';
    expect(write('-t f@example.net', message)).toMatchObject({
      from: 'www-data@web.example',
      to: ['f@example.net', 'b@example.net', 'c@example.net', 'd@example.net', 'e@example.net'],
    });
    expect(write('f@example.net', message).to).toEqual(['f@example.net']);
  });

  it('that is sent on goes to those whom it is sent on to', () => {
    expect(write('-t', 'From: a@example.org\nTo: b@example.net\nResent-To: c@example.net\n\nhi\n').to).toEqual(['c@example.net']);
  });

  it('has CRLF at every line end, and nothing else changed', () => {
    const { raw } = write('b@example.net', 'From: a@example.org\nSubject: x\r\n\none\n..two\n.\nthree');
    expect(raw).toBe('From: a@example.org\r\nSubject: x\r\n\r\none\r\n..two\r\n.\r\nthree');
  });

  it('loses the line that a mailbox file has in front', () => {
    expect(write('b@example.net', 'From a@example.org Mon Jan  1 00:00:00 2031\nFrom: a@example.org\n\nhi\n').raw).toBe(
      'From: a@example.org\r\n\r\nhi\r\n',
    );
  });

  it('without From gets one from the caller, in the name that -F gives', () => {
    expect(write('b@example.net', 'Subject: x\n\nhi\n').raw).toBe('From: <www-data@web.example>\r\nSubject: x\r\n\r\nhi\r\n');
    expect(write('-F Shop -f shop@example.org b@example.net', '\nhi\n')).toMatchObject({
      from: 'shop@example.org',
      raw: 'From: "Shop" <shop@example.org>\r\n\r\nhi\r\n',
    });
    const { raw } = write('-FJürgen b@example.net', '\nhi\n');
    expect(raw).toContain(`From: =?UTF-8?B?${Buffer.from('Jürgen').toString('base64')}?= <www-data@web.example>\r\n`);
    expect(write('-FA\r\nBcc:x b@example.net', '\nhi\n').raw).toContain('From: "A  Bcc:x" <www-data@web.example>\r\n\r\nhi');
  });

  it('gives a local name the domain of this machine, and keeps the null sender', () => {
    expect(write('-f root root', '\nhi\n')).toMatchObject({ from: 'root@web.example', to: ['root@web.example'] });
    expect(write('-f <> b@example.net', '\nhi\n')).toMatchObject({ from: '<>', raw: 'From: <www-data@web.example>\r\n\r\nhi\r\n' });
  });

  it('without recipients is refused', () => {
    expect(() => write('-t', 'Subject: x\n\nhi\n')).toThrow('there are no recipients in To, Cc and Bcc of the message');
    expect(() => write('', 'To: b@example.net\n\nhi\n')).toThrow('on the command line; -t would take them from the message');
  });
});
