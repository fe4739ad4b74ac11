import { fourLanes } from './four-lanes.ts';
import { noTracing } from '@posthaste/telemetry';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Mail } from './accept.ts';
import { Intake } from './intake.ts';
import { expectedTime } from './read-time.ts';
import { defaultLimits, type Cover, type SubmissionLimits } from './submission.ts';

const id = '01a20169-d448-7963-a6c5-b9eb74201500';
const now = Date.UTC(2031, 4, 1, 8, 0, 0);
const envelope = { from: 'a@example.org', recipients: [{ address: 'b@example.net' }] };

const trace = {
  id,
  protocol: 'ESMTP' as const,
  client: { address: '127.0.0.1', helo: 'client.example' },
  hostname: 'mx.example.org',
  now,
  smtpUtf8: false,
};

const received = `Received: from client.example ([127.0.0.1])\r\n\tby mx.example.org (Posthaste) with ESMTP id ${id};\r\n\tThu, 01 May 2031 08:00:00 +0000\r\n`;
const dated = 'Date: Thu, 01 May 2031 07:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n';

/** What the door makes of a message that comes in these pieces. Chunks, if any, are joined to one body. */
async function taken(
  pieces: readonly Buffer[],
  limits: Partial<SubmissionLimits> = {},
  asking: Pick<Cover, 'priority' | 'maxLane'> = {},
): Promise<Mail & { body: Buffer }> {
  let accepted: Mail | undefined;
  const chunks: Buffer[] = [];
  const intake = new Intake({
    span: noTracing.begin('accept mail', { kind: 'producer' }),
    id,
    lanes: fourLanes,
    cover: { envelope, protocol: 'ESMTP', ...asking },
    trace: { ...trace, ...asking },
    limits: { ...defaultLimits, ...limits },
    refusal: undefined,
    submitter: '127.0.0.1',
    openChunks: () => ({
      async write(bytes) {
        chunks.push(Buffer.from(bytes));
      },
      async end() {
        return { count: chunks.length, digest: '', size: 0 };
      },
    }),
    async accept(mail) {
      accepted = mail;
      return { id, lane: 'normal', tenant: 'default', size: mail.size, acceptedAt: now };
    },
  });
  for (const piece of pieces) await intake.write(piece);
  await intake.finish();
  if (!accepted) throw new Error('nothing was accepted');
  const body = accepted.body instanceof Uint8Array ? Buffer.from(accepted.body) : Buffer.concat(chunks);
  return { ...accepted, body };
}

async function text(message: string, asking: Pick<Cover, 'priority' | 'maxLane'> = {}): Promise<string> {
  return (await taken([Buffer.from(message, 'latin1')], {}, asking)).body.toString('latin1');
}

describe('what the door does to a message', () => {
  it('adds Received on top and keeps everything else byte for byte', async () => {
    const message = `${dated}Subject: =?utf-8?q?h=C3=A9?=\r\n folded\r\n\t twice\r\nX-Odd : \x80\xff\r\n\r\nbody \x00\x80\xff ${'x'.repeat(5000)}\r\n.\r\n..\r\n`;
    expect(await text(message)).toBe(received + message);
  });

  it('adds Date and Message-ID only where they are missing', async () => {
    const added = `Date: Thu, 01 May 2031 08:00:00 +0000\r\nMessage-ID: <${id}@mx.example.org>\r\n`;
    expect(await text('Subject: x\r\n\r\nhello\r\n')).toBe(`${received}${added}Subject: x\r\n\r\nhello\r\n`);
  });

  it('removes Bcc and our own headers, folded ones whole, in any spelling, and nothing else', async () => {
    const message = `bCC: x@example.org,\r\n y@example.org\r\n${dated}X-POSTHASTE-LANE: high\r\nTo: b@example.net\r\nBcc : z@example.org\r\nX-Posthaste-Unknown: 1\r\nBccX: 1\r\n\r\nBcc: body\r\n`;
    expect(await text(message)).toBe(`${received}${dated}To: b@example.net\r\nBccX: 1\r\n\r\nBcc: body\r\n`);
  });

  it('hands a priority on in MT-Priority, in place of any other, and in Received', async () => {
    const withPriority = (priority: number) => received.replace(';', ` PRIORITY ${priority};`);
    expect(await text(`${dated}\r\n`, { priority: 3 })).toBe(`${withPriority(3)}MT-Priority: 3\r\n${dated}\r\n`);
    expect(await text(`MT-Priority: -9\r\n${dated}mt-priority: 1\r\n\r\n`, { priority: 9, maxLane: 'high' })).toBe(
      `${withPriority(9)}MT-Priority: 4\r\n${dated}\r\n`,
    );
  });

  it('does not look at MT-Priority when MAIL gave a priority, if one that asks for nothing', async () => {
    const message = Buffer.from('MT-Priority: 4\r\n\r\n');
    expect((await taken([message])).wishes).toEqual({ lane: 'high' });
    const mail = await taken([message], {}, { priority: 0 });
    expect([mail.wishes, mail.body.toString()]).toEqual([{}, expect.stringMatching(/ PRIORITY 0;(.|\s)*\r\nMT-Priority: 0\r\n/)]);
  });

  it('leaves an MT-Priority that says it already as it is, and lowers one that asks for more than there is', async () => {
    const message = (priority: string) => `${dated}MT-Priority: ${priority}\r\n\r\n`;
    expect(await text(message('4 (ultra)'))).toBe(received + message('4 (ultra)'));
    expect(await text(message('much'))).toBe(received + message('much'));
    expect(await text(message('-2'), { maxLane: 'high' })).toBe(received + message('-2'));
    expect(await text(message('6'), { maxLane: 'normal' })).toBe(`${received}MT-Priority: 0\r\n${dated}\r\n`);
  });

  it('gives a message that begins with its body the empty line that it lacks', async () => {
    expect(await text(`${dated}hello there\r\nBcc: no header\r\n`)).toBe(`${received}${dated}\r\nhello there\r\nBcc: no header\r\n`);
    expect(await text('hello')).toMatch(/Message-ID: <.*>\r\n\r\nhello$/);
  });

  it('takes a message without body, without headers, and without anything', async () => {
    expect(await text(dated)).toBe(received + dated);
    expect(await text('\r\nbody')).toMatch(/Message-ID: <.*>\r\n\r\nbody$/);
    expect(await text('')).toMatch(/Message-ID: <.*>\r\n$/);
  });

  it('makes bare CR and bare LF CRLF once', async () => {
    expect(await text(`${dated.replaceAll('\r\n', '\n')}\na\rb\nc\r\n\r\r\n\n.\n.\r`)).toBe(
      `${received}${dated}\r\na\r\nb\r\nc\r\n\r\n\r\n\r\n.\r\n.\r\n`,
    );
  });

  it('lets nothing of a client into Received that is no name', async () => {
    const evil = new Intake({
      span: noTracing.begin('accept mail', { kind: 'producer' }),
      id,
      lanes: fourLanes,
      cover: { envelope, protocol: 'ESMTP' },
      trace: { ...trace, client: { address: '::1', helo: 'x\r\nBcc: evil' } },
      limits: defaultLimits,
      refusal: undefined,
      openChunks: () => expect.unreachable(),
      async accept(mail) {
        expect(Buffer.from(mail.body as Uint8Array).toString()).toMatch(/^Received: from \[IPv6:::1\] \(\[IPv6:::1\]\)\r\n\tby /);
        return { id, lane: 'normal', tenant: 'default', size: 0, acceptedAt: now };
      },
    });
    void evil.write(Buffer.from(dated));
    await evil.finish();
  });

  it('says what it found: lane, times, tags, Message-ID and bytes above 127', async () => {
    const message = `${dated}X-Posthaste-Lane: immediate\r\nX-Priority: 5\r\nX-Posthaste-TTL: 15m\r\nX-Posthaste-Send-At: 2031-05-01T10:00:00+01:00\r\nX-Posthaste-Tags: shop=de, campaign=\r\n spr\xc3\xbcng\r\n\r\nplain`;
    const mail = await taken([Buffer.from(message, 'latin1')]);
    expect(mail).toMatchObject({
      wishes: { lane: 'immediate', ttlMs: 900_000, due: Date.UTC(2031, 4, 1, 9), tags: { shop: 'de', campaign: 'sprüng' } },
      messageId: '<1@example.org>',
      eightBit: true,
      smtpUtf8: false,
      size: mail.body.length,
    });
  });

  it.each([
    ['X-Posthaste-Lane: urgent', 'INVALID_LANE', 'X-Posthaste-Lane is "urgent"; expected one of immediate, high, normal, low'],
    ['X-Posthaste-Lane: low\r\nX-Posthaste-Lane: low', 'INVALID_LANE', 'X-Posthaste-Lane is "low"; expected the header only once'],
    [
      'X-Posthaste-TTL: 1h\r\nX-Posthaste-Deadline: 2031-05-01T10:00:00Z',
      'INVALID_DEADLINE',
      'X-Posthaste-Deadline is "2031-05-01T10:00:00Z"; expected only one of X-Posthaste-TTL and X-Posthaste-Deadline',
    ],
    ['X-Posthaste-Deadline: 2031-02-30T10:00:00Z', 'INVALID_DEADLINE', `X-Posthaste-Deadline is "2031-02-30T10:00:00Z"; expected ${expectedTime}`],
    ['X-Posthaste-TTL: soon', 'INVALID_TTL', 'X-Posthaste-TTL is "soon"; expected a duration above zero, such as 90s, 15m, 2h or 3d'],
    ['X-Posthaste-Send-At: tomorrow', 'INVALID_SEND_AT', `X-Posthaste-Send-At is "tomorrow"; expected ${expectedTime}`],
    [
      'X-Posthaste-Tags: spring',
      'INVALID_TAGS',
      'X-Posthaste-Tags is "spring"; expected name=value pairs divided by commas, such as campaign=spring, shop=de',
    ],
  ])('refuses "%s"', async (header, code, message) => {
    await expect(text(`${header}\r\n\r\n`)).rejects.toMatchObject({ code, message });
  });

  it('refuses a header block above its limit, whether or not it ends', async () => {
    const limits = { maxHeaderBytes: 8192 };
    const header = Buffer.from(`${dated}X: ${'y'.repeat(8192)}\r\n`);
    const refusal = { code: 'INVALID_HEADER', message: "the message's header block is too large; expected at most 8192 bytes" };
    await expect(taken([header], limits)).rejects.toMatchObject(refusal);
    await expect(taken([header, Buffer.from('\r\nbody')], limits)).rejects.toMatchObject(refusal);
    await expect(taken([Buffer.from(`${'X: y\r\n'.repeat(1365)}Xa`), Buffer.from('b: c\r\n\r\n')], limits)).rejects.toMatchObject(refusal);
  });

  it('refuses a message above its limit, and a refusal stays', async () => {
    const limits = { maxBytes: 100 };
    await expect(taken([Buffer.alloc(100, 'x')], limits)).resolves.toBeDefined();
    await expect(taken([Buffer.alloc(101, 'x')], limits)).rejects.toMatchObject({
      code: 'TOO_LARGE',
      message: 'the message is too large; expected at most 100 bytes',
    });
    await expect(taken([Buffer.alloc(60, 'x'), Buffer.alloc(60, 'x'), Buffer.alloc(1)], limits)).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });
});

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array)),
  fc
    .array(fc.constantFrom('\r', '\n', '\r\n', '.', 'a', 'Bcc: x', 'To: y', ' ', ': ', 'X-Posthaste-Tags: a=b', '\xff'), { maxLength: 60 })
    .map((words) => Buffer.from(words.join(''), 'latin1')),
);

function split(message: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (message.length + 1)).sort((a, b) => a - b), message.length];
  return places.slice(1).map((place, index) => message.subarray(places[index], place));
}

/** The same by definition: every CRLF, bare CR and bare LF is one line end. */
const withCrlf = (raw: string): string => raw.replace(/\r\n|\r|\n/g, '\r\n');

describe('for every message', () => {
  it('makes the same of it however it is cut into pieces, inline or in chunks', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, fc.array(fc.nat(), { maxLength: 8 }), async (message, cuts) => {
        const outcome = (pieces: readonly Buffer[], limits = {}) =>
          taken(pieces, limits).then(
            ({ body, fingerprint }) => `${body.toString('latin1')} ${fingerprint}`,
            (error: Error) => error.message,
          );
        const whole = await outcome([message]);
        expect(await outcome(split(message, cuts))).toBe(whole);
        expect(await outcome(split(message, cuts), { inlineBytes: 64 })).toBe(whole);
      }),
    );
  });

  it('keeps the body, has only CRLF as line ends, and lets no header in or out by accident', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, async (rest) => {
        const body = rest.toString('latin1');
        const out = await text(`${dated}Subject: x\r\n\r\n${body}`);
        expect(out).toBe(`${received}${dated}Subject: x\r\n\r\n${withCrlf(body)}`);
      }),
    );
  });
});
