import type { HeaderBlock } from './message/header-block.ts';
import { valueOf } from './message/header-block.ts';
import { laneFromHeaders, type UrgencyHeaders } from './lane-from-headers.ts';
import { invalid } from './submission-error.ts';
import type { Wishes } from './submission.ts';

/** Headers that are for us and never leave: these, and Bcc (RFC 5322, 3.6.3). */
export const controlPrefix = 'x-posthaste-';

/** What the headers say about the message's handling, and what we need to know of them. */
export interface HeaderFacts {
  readonly wishes: Wishes;
  readonly messageId: string | undefined;
  readonly dated: boolean;
}

/** Throws a SubmissionError when one of our own headers cannot be understood. */
export function readHeaderFacts({ fields, text }: HeaderBlock & { kind: 'found' }): HeaderFacts {
  const urgency: UrgencyHeaders = {};
  const wishes: { -readonly [K in keyof Wishes]: Wishes[K] } = {};
  const once = new Set<string>();
  let messageId: string | undefined;
  let dated = false;
  for (const field of fields) {
    const value = () => valueOf(text, field);
    switch (field.name) {
      case 'x-posthaste-lane':
        urgency.lane = single(once, 'INVALID_LANE', 'X-Posthaste-Lane', value());
        break;
      case 'x-posthaste-send-at':
        wishes.due = parseTime(single(once, 'INVALID_SEND_AT', 'X-Posthaste-Send-At', value()));
        break;
      case 'x-posthaste-ttl':
        wishes.ttlMs = parseTtl(single(once, 'INVALID_TTL', 'X-Posthaste-TTL', value()));
        break;
      case 'x-posthaste-tags':
        wishes.tags = parseTags(single(once, 'INVALID_TAGS', 'X-Posthaste-Tags', value()));
        break;
      case 'x-priority':
        urgency.xPriority ??= value();
        break;
      case 'importance':
        urgency.importance ??= value();
        break;
      case 'priority':
        urgency.priority ??= value();
        break;
      case 'message-id':
        messageId ??= value();
        break;
      case 'date':
        dated = true;
        break;
    }
  }
  const lane = laneFromHeaders(urgency);
  return { wishes: lane === undefined ? wishes : { ...wishes, lane }, messageId, dated };
}

/** Two of the same control header could only contradict each other. */
function single(once: Set<string>, code: Parameters<typeof invalid>[0], name: string, value: string): string {
  if (once.has(name)) throw invalid(code, name, value, 'the header only once');
  once.add(name);
  return value;
}

function parseTime(text: string): number {
  const time = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw invalid('INVALID_SEND_AT', 'X-Posthaste-Send-At', text, 'a time as in RFC 3339, such as 2031-05-01T08:00:00Z');
  return time;
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function parseTtl(text: string): number {
  const [, count, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  const ms = Number(count) * (unitMs[unit ?? ''] ?? Number.NaN);
  if (!(ms > 0)) throw invalid('INVALID_TTL', 'X-Posthaste-TTL', text, 'a duration above zero, such as 90s, 15m, 2h or 3d');
  return ms;
}

function parseTags(text: string): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const part of text.split(',')) {
    const cut = part.indexOf('=');
    if (cut < 0) throw invalid('INVALID_TAGS', 'X-Posthaste-Tags', text, 'name=value pairs divided by commas, such as campaign=spring, shop=de');
    tags[part.slice(0, cut).trim()] = part.slice(cut + 1).trim();
  }
  return tags;
}
