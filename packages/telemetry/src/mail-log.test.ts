import { describe, expect, it } from 'vitest';
import { createMailLog, type MailLogOptions } from './mail-log.ts';

function recorded(addresses: MailLogOptions['addresses']) {
  const lines: string[] = [];
  const log = createMailLog({ program: 'relay', addresses, destination: { write: (line) => void lines.push(line) } });
  return { log, line: () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> };
}

const accepted = {
  id: '1',
  lane: 'high',
  tenant: 'shop',
  size: 12,
  from: 'a@example.org',
  to: ['B@example.net'],
  door: 'ESMTP',
  client: '127.0.0.1',
};

describe('the mail log', () => {
  it('writes one line an event, with the same fields each time', () => {
    const { log, line } = recorded('plain');
    log.accepted(accepted);
    expect(line()).toEqual({
      ...accepted,
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      program: 'relay',
      log: 'mail',
      event: 'accepted',
      recipients: 1,
    });
    log.accepted({ ...accepted, user: 'shop' });
    expect(line()).toMatchObject({ user: 'shop' });
    log.failed({
      id: '1',
      lane: 'high',
      tenant: 'shop',
      upstream: 'u',
      attempt: '3.1',
      to: ['b@example.net'],
      reason: 'UPSTREAM_REJECTED',
      reply: { code: 550, text: 'no' },
    });
    expect(line()).toMatchObject({
      log: 'mail',
      event: 'failed',
      id: '1',
      upstream: 'u',
      attempt: '3.1',
      reason: 'UPSTREAM_REJECTED',
      reply: { code: 550, text: 'no' },
    });
  });

  it('hides addresses when asked, so that the same address is still the same word', () => {
    const { log, line } = recorded('hashed');
    log.accepted({ ...accepted, from: '' });
    expect(line()).toMatchObject({ from: '', to: [expect.stringMatching(/^[0-9a-f]{16}$/)] });
    const [first] = line()['to'] as string[];
    log.accepted({ ...accepted, to: ['b@EXAMPLE.net'], user: 'app@example.net' });
    expect(line()['to']).toEqual([first]);
    expect(JSON.stringify(line())).not.toContain('example');
  });

  it('shows the first addresses of a long list, and says how many there are', () => {
    const { log, line } = recorded('plain');
    log.accepted({ ...accepted, to: Array.from({ length: 1000 }, (_, number) => `${number}@example.net`) });
    expect(line()['recipients']).toBe(1000);
    expect(line()['to']).toHaveLength(20);
  });
});
