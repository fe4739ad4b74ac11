import { refuseFields } from './refusal.ts';

interface Asked {
  readonly pageSize: number;
  readonly pageToken: string;
}

interface Page<T> {
  readonly page: readonly T[];
  readonly nextPageToken: string;
}

const defaultSize = 50;

/** `list`: the filters, by which a token is known to belong to them. Throws INVALID_FIELD for a token of another list, or of nobody. */
export function pageOf<T>(all: readonly T[], { pageSize, pageToken }: Asked, list: string): Page<T> {
  const from = pageToken === '' ? 0 : placeOf(pageToken, list);
  const to = from + (pageSize === 0 ? defaultSize : pageSize);
  return { page: all.slice(from, to), nextPageToken: to < all.length ? `${to} ${list}` : '' };
}

function placeOf(token: string, list: string): number {
  const [, place, asked] = /^(\d+) (.*)$/s.exec(token) ?? [];
  if (place === undefined) throw refuseFields([{ field: 'page_token', description: 'is no token that this server gave' }]);
  if (asked !== list) throw refuseFields([{ field: 'page_token', description: 'belongs to a list with other filters' }]);
  return Number(place);
}
