import { type Options, option, type ValuesOf } from '../command/option.ts';
import { apiOptions, outputOptions } from '../command/option-sets.ts';

export const sendOptions = {
  from: option.text({ value: 'ADDRESS', doc: 'The sender: a@example.org, or "Name <a@example.org>". With --raw default: its From header.' }),
  to: option.texts({ value: 'ADDRESS', doc: 'A recipient. With --raw default: its To, Cc and Bcc headers.' }),
  cc: option.texts({ value: 'ADDRESS', doc: 'A recipient of a copy.' }),
  bcc: option.texts({ value: 'ADDRESS', doc: 'A recipient whom no header names.' }),
  'reply-to': option.texts({ value: 'ADDRESS', doc: 'Where answers go.' }),
  subject: option.text({ short: 's', value: 'TEXT', doc: 'The subject, any Unicode.' }),
  text: option.text({ value: 'TEXT', doc: 'The plain text. Default without any content: standard input.' }),
  'text-file': option.text({ value: 'FILE', doc: 'The plain text from a file; - is standard input.' }),
  html: option.text({ value: 'HTML', doc: 'The HTML body; beside text the reader chooses.' }),
  'html-file': option.text({ value: 'FILE', doc: 'The HTML body from a file; - is standard input.' }),
  attach: option.texts({ value: 'FILE', doc: 'A file that comes along.' }),
  inline: option.pairs({ value: 'CID=FILE', doc: 'A file that the HTML shows: --inline logo=logo.png is <img src="cid:logo">.' }),
  header: option.pairs({ value: 'NAME:VALUE', divider: ':', doc: 'A further header.' }),
  raw: option.text({ value: 'FILE', doc: 'A whole message (.eml) instead of all content above; - is standard input.' }),
  lane: option.lane({ doc: 'How urgent. Default: normal' }),
  tag: option.pairs({ value: 'NAME=VALUE', doc: 'A word of your own; it comes back with the status.' }),
  tenant: option.text({ value: 'NAME', doc: 'On whose behalf. Default: default' }),
  'send-at': option.timeAhead({ doc: 'Not before: a time such as 2031-05-01T08:00:00Z, or 2h from now.' }),
  ttl: option.duration({ doc: 'Useful for so long, such as 15m; never sent later.' }),
  deadline: option.timeAhead({ doc: 'Useful until: a time, or a duration from now; never sent later.' }),
  'idempotency-key': option.text({ value: 'KEY', doc: 'The same key with the same mail within 24 hours is one mail.' }),
  wait: option.choice(['accepted', 'delivered'], { bare: 'delivered', doc: 'Wait until an upstream has taken it, or it has failed.' }),
  /** The bounds are the contract's. */
  timeout: option.duration({ within: { leastMs: 100, mostMs: 300_000, words: '100ms to 5m' }, doc: 'How long to wait, 100ms to 5m. Default: 60s' }),
  'dry-run': option.flag({ doc: 'Print the request as JSON and send nothing; POST /v1/messages takes it.' }),
  ...apiOptions,
  ...outputOptions,
} satisfies Options;

export type SendValues = ValuesOf<typeof sendOptions>;
