import { Lane, type SubmitRequest } from '@posthaste/protocol';

/**
 * Whether a request keeps the contract's rules for sure. No means nothing: the rules themselves are asked then. They cost 20 to 35 us a message,
 * and this look costs less than one; what it knows of them is what most requests are made of.
 */
export function isPlainRequest(request: SubmitRequest): boolean {
  const { from, to, cc, bcc, subject, tags, tenant, lane, laneName } = request;
  return (
    isWord(from) &&
    to.length + cc.length + bcc.length > 0 &&
    areWords(to) &&
    areWords(cc) &&
    areWords(bcc) &&
    subject.length <= 2000 &&
    !controlBesideTab.test(subject) &&
    areTags(tags) &&
    tenantPattern.test(tenant) &&
    isKey(request.idempotencyKey) &&
    lane >= Lane.UNSPECIFIED &&
    lane <= Lane.LOW &&
    laneNamePattern.test(laneName) &&
    hasOneContent(request) &&
    hasNoRarity(request)
  );
}

/* eslint-disable no-control-regex */
const control = /[\x00-\x1f\x7f]/;
const controlBesideTab = /[\x00-\x08\x0a-\x1f\x7f]/;
/* eslint-enable no-control-regex */
const tenantPattern = /^[A-Za-z0-9_-]{0,64}$/;
const laneNamePattern = /^[a-z0-9-]{0,32}$/;
const tagPattern = /^[A-Za-z0-9_.-]{1,64}$/;
const visible = /^[ -~]*$/;

/** UTF-16 units are never fewer than characters. */
function isWord(text: string): boolean {
  return text.length > 0 && text.length <= 998 && !control.test(text);
}

function areWords(texts: readonly string[]): boolean {
  return texts.length <= 1000 && texts.every(isWord);
}

function areTags(tags: Readonly<Record<string, string>>): boolean {
  const entries = Object.entries(tags);
  return entries.length <= 32 && entries.every(([name, value]) => tagPattern.test(name) && value.length <= 256 && !control.test(value));
}

function isKey(key: string): boolean {
  return key.length <= 255 && visible.test(key);
}

function hasOneContent({ raw, text, html, subject, cc, bcc }: SubmitRequest): boolean {
  const isStructured = text !== '' || html !== '';
  return raw.length === 0 ? isStructured : !isStructured && subject === '' && cc.length === 0 && bcc.length === 0;
}

function hasNoRarity({ replyTo, headers, attachments, listUnsubscribe, ttl, deadline }: SubmitRequest): boolean {
  for (const _ in headers) return false;
  return replyTo.length === 0 && attachments.length === 0 && !listUnsubscribe && !ttl && !deadline;
}
