import { hash } from 'node:crypto';
import type { Place } from '@posthaste/ledger';
import { refuseFields } from '../refusal/refusal.ts';

/** Where a page ends, and of which list: opaque to clients. `list` says all that the list is narrowed to. */
export function encodePageToken({ acceptedAt, id }: Place, list: string): string {
  return encodePlace(acceptedAt, id, list);
}

/** Throws INVALID_FIELD when it is none of ours, or of another list. */
export function decodePageToken(token: string, list: string): Place {
  const [acceptedAt, id] = decodePlace(token, list);
  return { acceptedAt, id };
}

/** A place in any list: a number and a word. */
export function encodePlace(number: number, word: string, list: string): string {
  return Buffer.from(JSON.stringify([number, word, digest(list)])).toString('base64url');
}

/** Throws INVALID_FIELD when it is none of ours, or of another list. */
export function decodePlace(token: string, list: string): readonly [number: number, word: string] {
  const [number, word, of] = parse(token);
  if (typeof number !== 'number' || typeof word !== 'string') throw refuse('is no token that this server gave');
  if (of !== digest(list))
    throw refuse('belongs to a list with other filters: keep the filters the same from page to page, or begin without a token');
  return [number, word];
}

function refuse(description: string) {
  return refuseFields([{ field: 'page_token', description }]);
}

function parse(token: string): unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    return Array.isArray(parts) ? parts : [];
  } catch {
    return [];
  }
}

function digest(list: string): string {
  return hash('sha256', list, 'base64url').slice(0, 12);
}
