import type { Reply } from './journal.ts';

/**
 * What kind of refusal an upstream's reply is. `permanent`, `content` and `size` are said of 5xx alone, `transient` and `greylisted` of 4xx alone;
 * a rate, a full mailbox and a refused login come in either.
 */
export const replyClasses = ['transient', 'permanent', 'greylisted', 'rate_limited', 'authentication', 'content', 'mailbox_full', 'size'] as const;

export type ReplyClass = (typeof replyClasses)[number];

/** A class, and what it was told by. */
export interface Classified {
  readonly class: ReplyClass;
  readonly because: string;
}

interface Sign extends Classified {
  readonly when: RegExp;
}

/**
 * Enhanced codes (RFC 3463, RFC 5248 and the registry it began) that leave no doubt. Those that anything may hide behind (4.2.0, 4.2.1, 4.3.2,
 * 4.7.0, 4.7.1, 5.7.1 and their like) are left to the text.
 */
const byEnhancedCode: readonly Sign[] = [
  { class: 'mailbox_full', when: /^[45]\.2\.2$/, because: 'X.2.2 is a full mailbox' },
  { class: 'size', when: /^5\.(2\.3|3\.4)$/, because: '5.2.3 and 5.3.4 are a message that is too long' },
  {
    class: 'rate_limited',
    when: /^(?:4\.5\.3|[45]\.4\.5|5\.1\.90)$/,
    because: 'too many recipients, congestion, or a daily limit (Gmail 5.4.5, Microsoft 5.1.90)',
  },
  {
    class: 'rate_limited',
    when: /^4\.7\.(?:2[3-9]|3[0-2]|40|500|65\d)$/,
    because: 'Gmail (4.7.23 to 4.7.40) and Microsoft (4.7.500, 4.7.65x) slow a sender down',
  },
  {
    class: 'content',
    when: /^5\.7\.(?:2\d|3[0-2]|40|509|515)$/,
    because: 'DKIM, SPF, DMARC or reverse DNS failed (RFC 7372, RFC 7489, Gmail, Microsoft)',
  },
  // 5.7.8 and 5.7.9 are left to their codes: Yahoo refuses mail for its policy with 554 5.7.9.
  { class: 'authentication', when: /^5\.7\.57$/, because: 'Microsoft 5.7.57 is a login that is missing' },
  { class: 'content', when: /^5\.6\.\d+$/, because: '5.6.x is about the content or its form' },
  { class: 'permanent', when: /^5\.1\.\d+$/, because: '5.1.x is about the address' },
];

/** Codes of three digits that mean one thing. 454 is TLS, a login or, at SES, a rate: its text decides. So it does for 552. */
const byCode: readonly Sign[] = [
  { class: 'authentication', when: /^53[0458]$/, because: '530, 534, 535 and 538 want another login or TLS (RFC 4954, RFC 3207)' },
];

/** Above all, because some of these words also come in replies of another class; the first that fits wins. */
const by4xxText: readonly Sign[] = [
  { class: 'greylisted', when: /gr[ea]y-?\s?list|postgrey/i, because: 'the text speaks of greylisting' },
  {
    class: 'rate_limited',
    when: /\brate|throttl|\btoo (?:many|much|fast|quick|frequent)|unexpected volume|(?:daily|hourly|sending|messages?|connections?|recipients?) (?:\w+ )?(?:limit|quota)|(?:concurrent|max\w*) (?:\w+ ){0,3}connections|\bper (?:hour|minute|day|connection)/i,
    because: 'the text speaks of a rate or a limit',
  },
  {
    class: 'authentication',
    when: /authentication (?:fail|\w+ temporar|service)|temporar\w+ authentication/i,
    because: 'the text says that the login failed for now',
  },
];

const byAnyText: readonly Sign[] = [
  {
    class: 'mailbox_full',
    when: /(?:mail ?box|inbox|mail ?folder|account)\b.{0,60}\b(?:is |was )?(?:full|over ?quota|out of storage)|\bover ?(?:\w+ )?quota|quota (?:is |was |has been )?(?:exceed|full|reached)|exceed\w* (?:\w+ ){0,3}quota|(?:mailbox|recipient) storage/i,
    because: 'the text speaks of a full mailbox',
  },
];

const by5xxText: readonly Sign[] = [
  {
    class: 'size',
    when: /(?:message|mail|attachment|data)\b.{0,40}\btoo (?:big|large|long)|size (?:limit|exceed)|exceed\w* .{0,40}\b(?:size|length)|maximum (?:message )?size/i,
    because: 'the text speaks of the size',
  },
  {
    class: 'content',
    when: /spam|junk|unsolicited|bulk ?mail|virus|malware|phish|suspicious|\bcontent\b|polic(?:y|ies)\b|\bdmarc\b|\bdkim\b|\bspf\b|black-? ?list|block-? ?list|\bdnsbl\b|\bblocked\b|reputation/i,
    because: 'the text speaks of spam, a virus, a policy or a reputation',
  },
];

/** A reply may be long, and its words stand in its beginning. */
const mostCharacters = 2_000;

/** The class of a refusal. The enhanced code is believed first, then the code, then the text; without any sign the first digit tells. */
export function classifyReply({ code, enhanced = '', text }: Reply): Classified {
  const words = text.slice(0, mostCharacters).replace(/\s+/g, ' ');
  const byText = code >= 500 ? [byAnyText, by5xxText] : [by4xxText, byAnyText];
  return (
    signIn(byEnhancedCode, enhanced) ??
    signIn(byCode, String(code)) ??
    signIn(byText.flat(), words) ??
    (code >= 500 ? { class: 'permanent', because: '5xx, and nothing says more' } : { class: 'transient', because: '4xx, and nothing says more' })
  );
}

function signIn(signs: readonly Sign[], text: string): Classified | undefined {
  return signs.find(({ when }) => when.test(text));
}
