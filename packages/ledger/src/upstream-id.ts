/** Where the words of a positive final reply hold the id under which the upstream goes on with the mail. The first that fits wins. */
const forms: readonly RegExp[] = [
  // Postfix, SendGrid, Mandrill, Postmark, Mailjet: Ok: queued as 4ZK1Yl0B2q
  /\bqueued as <?([^\s<>;,()]+)/i,
  // Exim: OK id=1rXy5Z-000001-2C; KumoMTA: OK ids=d7ef132b5d7711eea8c8000c29c33806
  /\bids?=([^\s;,)\]]+)/i,
  // Exchange: <id@host> [InternalId=23138874, Hostname=mx.example] Queued mail for delivery
  /\[InternalId=(\d+)/i,
  // Gmail: OK  1700000000 d9443c01a7336-1d5f2ab3c4si1234567plb.123 - gsmtp
  /(\S+) - gsmtp\s*$/,
  // Sendmail, OpenSMTPD, Proofpoint: w8ABCDEF012345 Message accepted for delivery
  /(?:^|\s)(?!\d\.\d+\.\d+\s)(\S+) Message accepted for delivery/i,
  // Haraka: Message Queued (6B1F9C52-3D3E.1)
  /\bqueued \(([^\s()]+)\)/i,
  // qmail: ok 1700000000 qp 12345
  /\bqp (\d+)\s*$/,
  // Amazon SES: Ok 0102018f2b3c4d5e-0a1b2c3d-000000; SparkPost: OK 5B/12-34567-89ABCDEF; Mailgun: OK <20240101.1@example>
  /^(?:2\.\d+\.\d+ )?ok:? <?([^\s<>]*\d[^\s<>]*)>?\s*$/i,
];

/** Of words; a number may be of one digit, as the inbox counts. */
const shortest = 3;

/** The id that the upstream gave a mail, from the text of its final reply; undefined when it gave none that we recognise. */
export function upstreamIdOf(text: string): string | undefined {
  for (const form of forms) {
    const id = form.exec(text)?.[1];
    if (id !== undefined && (id.length >= shortest || /^\d+$/.test(id))) return id;
  }
  return undefined;
}
