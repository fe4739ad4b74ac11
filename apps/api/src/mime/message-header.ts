import type { ListUnsubscribe, SubmitRequest } from '@posthaste/protocol';
import type { Addressing } from '../submission/envelope.ts';
import { headerField } from './header-field.ts';
import { textTokens } from './header-text.ts';
import { mailboxTokens } from './mailbox-list.ts';

/** The fields of a request. Bcc stands in the envelope only; Date and Message-ID are added by the door where they are missing. */
export function messageHeader({ subject, headers, listUnsubscribe }: SubmitRequest, { from, to, cc, replyTo }: Addressing): string {
  const fields = [
    headerField('From', mailboxTokens([from])),
    ...(to.length > 0 ? [headerField('To', mailboxTokens(to))] : []),
    ...(cc.length > 0 ? [headerField('Cc', mailboxTokens(cc))] : []),
    ...(to.length + cc.length === 0 ? [nobodyNamed] : []),
    ...(replyTo.length > 0 ? [headerField('Reply-To', mailboxTokens(replyTo))] : []),
    ...(subject === '' ? [] : [headerField('Subject', textTokens('Subject', subject))]),
    ...Object.entries(headers).map(([name, value]) => headerField(name, textTokens(name, value))),
    ...(listUnsubscribe ? unsubscribeFields(listUnsubscribe) : []),
    'MIME-Version: 1.0\r\n',
  ];
  return fields.join('');
}

/** An empty group (RFC 5322, 3.4): some filters take a mail without To and Cc for spam. */
const nobodyNamed = 'To: undisclosed-recipients:;\r\n';

/** RFC 2369, 3.2 and RFC 8058, 2. The first way is the one that mail programs prefer. */
function unsubscribeFields({ url, mailto, oneClick }: ListUnsubscribe): string[] {
  const ways = [...(url === '' ? [] : [url]), ...(mailto === '' ? [] : [`mailto:${mailto}`])];
  const tokens = ways.map((way, index) => ` <${way}>${index < ways.length - 1 ? ',' : ''}`);
  const oneClickField = oneClick ? [headerField('List-Unsubscribe-Post', [' List-Unsubscribe=One-Click'])] : [];
  return [headerField('List-Unsubscribe', tokens), ...oneClickField];
}
