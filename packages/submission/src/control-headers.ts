import type { LaneTable } from '@posthaste/core';
import type { HeaderBlock } from './message/header-block.ts';
import { valueOf } from './message/header-block.ts';
import { laneFromHeaders, laneNamed, priorityFromHeader, type UrgencyHeaders } from './lane-from-headers.ts';
import { expectedDuration, readDuration } from './read-duration.ts';
import { expectedTime, readTime } from './read-time.ts';
import { invalid } from './submission-error.ts';
import type { HeaderWishes, Wishes } from './submission.ts';

/** Headers that are for us and never leave: these, and Bcc (RFC 5322, 3.6.3). */
export const controlPrefix = 'x-posthaste-';

/** What the headers say about the message's handling, and what we need to know of them. */
export interface HeaderFacts {
  readonly asked: HeaderWishes;
  /** Of MT-Priority. */
  readonly priority: number | undefined;
  readonly messageId: string | undefined;
  readonly dated: boolean;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type ControlReader = (wishes: Writable<Wishes>, value: string, lanes: LaneTable) => void;

/**
 * Throws a SubmissionError when one of our own headers cannot be understood.
 *
 * @param priorityGiven by MAIL, so that MT-Priority says nothing (RFC 6758, 3.1)
 */
export function readHeaderFacts({ fields, text }: HeaderBlock & { kind: 'found' }, priorityGiven: boolean, lanes: LaneTable): HeaderFacts {
  const urgency: UrgencyHeaders = {};
  let own: Writable<Wishes> | undefined;
  let messageId: string | undefined;
  let dated = false;
  for (const field of fields) {
    const value = () => valueOf(text, field);
    switch (field.name) {
      case 'mt-priority':
        urgency.mtPriority = urgency.mtPriority === undefined && !priorityGiven ? value() : null;
        break;
      case 'x-priority':
        urgency.xPriority ??= value();
        break;
      case 'x-msmail-priority':
        urgency.msMailPriority ??= value();
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
      default:
        if (field.name.startsWith(controlPrefix)) controls.get(field.name)?.((own ??= {}), value(), lanes);
    }
  }
  const common = laneFromHeaders(urgency);
  const asked = { ...(own && { own }), ...(common && { common }) };
  return { asked, priority: priorityFromHeader(urgency), messageId, dated };
}

/** By name in lower case. */
const controls: ReadonlyMap<string, ControlReader> = new Map<string, ControlReader>([
  [
    'x-posthaste-lane',
    (wishes, value, lanes) => {
      single('INVALID_LANE', 'X-Posthaste-Lane', value, wishes.lane);
      wishes.lane = laneNamed(value, lanes);
    },
  ],
  [
    'x-posthaste-send-at',
    (wishes, value) => {
      single('INVALID_SEND_AT', 'X-Posthaste-Send-At', value, wishes.due);
      wishes.due = understood(readTime(value), 'INVALID_SEND_AT', 'X-Posthaste-Send-At', value, expectedTime);
    },
  ],
  [
    'x-posthaste-ttl',
    (wishes, value) => {
      single('INVALID_TTL', 'X-Posthaste-TTL', value, wishes.ttlMs);
      alone('INVALID_TTL', 'X-Posthaste-TTL', value, wishes.deadline);
      wishes.ttlMs = understood(readDuration(value), 'INVALID_TTL', 'X-Posthaste-TTL', value, expectedDuration);
    },
  ],
  [
    'x-posthaste-deadline',
    (wishes, value) => {
      single('INVALID_DEADLINE', 'X-Posthaste-Deadline', value, wishes.deadline);
      alone('INVALID_DEADLINE', 'X-Posthaste-Deadline', value, wishes.ttlMs);
      wishes.deadline = understood(readTime(value), 'INVALID_DEADLINE', 'X-Posthaste-Deadline', value, expectedTime);
    },
  ],
  [
    'x-posthaste-tags',
    (wishes, value) => {
      single('INVALID_TAGS', 'X-Posthaste-Tags', value, wishes.tags);
      wishes.tags = parseTags(value);
    },
  ],
]);

type Code = Parameters<typeof invalid>[0];

/** Two of the same control header could only contradict each other. */
function single(code: Code, name: string, value: string, before: unknown): void {
  if (before !== undefined) throw invalid(code, name, value, 'the header only once');
}

function alone(code: Code, name: string, value: string, other: unknown): void {
  if (other !== undefined) throw invalid(code, name, value, 'only one of X-Posthaste-TTL and X-Posthaste-Deadline');
}

function understood<T>(read: T | undefined, code: Code, name: string, value: string, expected: string): T {
  if (read === undefined) throw invalid(code, name, value, expected);
  return read;
}

function parseTags(text: string): Record<string, string> {
  const tags = new Map<string, string>();
  for (const part of text.split(',')) {
    const cut = part.indexOf('=');
    if (cut < 0) throw invalid('INVALID_TAGS', 'X-Posthaste-Tags', text, 'name=value pairs divided by commas, such as campaign=spring, shop=de');
    tags.set(part.slice(0, cut).trim(), part.slice(cut + 1).trim());
  }
  return Object.fromEntries(tags);
}
