import { LaneTable } from '@posthaste/core';
import { expectedDuration, expectedLane, expectedTime, readDuration, readTime, type Wishes } from '@posthaste/submission';

/** What a client asks for behind its user name, for all the mail of its session. */
export interface NameOptions {
  readonly wishes: Wishes;
  /** From each mail's MAIL on; absent when nothing or a time is asked for. */
  readonly delayMs?: number;
}

/** What is wrong with one of the options. Only those who know the password are told. */
export class NameOptionFault extends Error {
  readonly option: string;

  constructor(option: string, sentence: string) {
    super(sentence);
    this.option = option;
  }
}

/**
 * Divides `app1+lane=high;ttl=10m` into name and options. They begin behind the first `+` that a word and `=` follow, so that `a+b+lane=high` is
 * the user `a+b`; where there is none, behind the first `+` at all, so that a slip such as `app1+lane` is told from a name.
 */
export function divideName(name: string): { readonly name: string; readonly options?: string } {
  const word = name.search(/\+[A-Za-z0-9_.-]+=/);
  const at = word < 0 ? name.indexOf('+') : word;
  return at < 0 ? { name } : { name: name.slice(0, at), options: name.slice(at + 1) };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Draft = Writable<Omit<Wishes, 'tags'>> & { delayMs?: number; readonly tags: Map<string, string> };

/** Reads options such as `lane=high;ttl=10m;tag=otp;tag.campaign=spring`. Throws NameOptionFault. */
export function readNameOptions(text: string, lanes = new LaneTable()): NameOptions {
  const draft: Draft = { tags: new Map() };
  const seen = new Set<string>();
  for (const option of text.split(';')) {
    const [, key = '', value = ''] = /^([^=]*)=(.*)$/s.exec(option) ?? [];
    if (key === '') throw new NameOptionFault(option, `"${cut(option)}" in the user name; expected an option such as lane=high`);
    if (seen.has(key)) throw new NameOptionFault(key, `${cut(key)} is twice in the user name; expected each option once`);
    seen.add(key);
    readOption(draft, key, value, lanes);
  }
  refuseBoth(seen, 'ttl', 'deadline');
  refuseBoth(seen, 'delay', 'send-at');
  const { delayMs, tags, ...wishes } = draft;
  return { wishes: { ...wishes, ...(tags.size > 0 && { tags: Object.fromEntries(tags) }) }, ...(delayMs !== undefined && { delayMs }) };
}

/** The options' wishes for a mail that begins now. */
export function wishesAt({ wishes, delayMs }: NameOptions, now: number): Wishes {
  return delayMs === undefined ? wishes : { ...wishes, due: now + delayMs };
}

function readOption(draft: Draft, key: string, value: string, lanes: LaneTable): void {
  switch (key) {
    case 'lane':
      draft.lane = known(lanes.named(value.toLowerCase())?.name, key, value, expectedLane(value, lanes));
      break;
    case 'ttl':
      draft.ttlMs = known(readDuration(value), key, value, expectedDuration);
      break;
    case 'deadline':
      draft.deadline = known(readTime(value), key, value, expectedTime);
      break;
    case 'delay':
      draft.delayMs = known(readDuration(value), key, value, expectedDuration);
      break;
    case 'send-at':
      draft.due = known(readTime(value), key, value, expectedTime);
      break;
    default:
      readTag(draft, key, value);
  }
}

/** `tag=otp` is the tag `tag` with the value `otp`; `tag.NAME=value` the tag NAME. */
function readTag({ tags }: Draft, key: string, value: string): void {
  const [, name = 'tag'] = /^tag(?:\.([A-Za-z0-9_.-]{1,64}))?$/.exec(key) ?? [];
  if (key !== 'tag' && key !== `tag.${name}`)
    throw new NameOptionFault(key, `${cut(key)} in the user name is not known; expected lane, ttl, deadline, delay, send-at, tag or tag.NAME`);
  if (value === '' || value.length > 256 || /[\x00-\x1f\x7f]/.test(value)) throw wrong(key, value, '1 to 256 characters on one line');
  if (tags.has(name)) throw new NameOptionFault(key, `the tag ${name} is twice in the user name; expected each once`);
  tags.set(name, value);
}

function refuseBoth(seen: ReadonlySet<string>, one: string, other: string): void {
  if (seen.has(one) && seen.has(other))
    throw new NameOptionFault(other, `${one} and ${other} are both in the user name and say the same; expected one of them`);
}

function known<T>(read: T | undefined, key: string, value: string, expected: string): T {
  if (read === undefined) throw wrong(key, value, expected);
  return read;
}

function wrong(key: string, value: string, expected: string): NameOptionFault {
  return new NameOptionFault(key, `${key} in the user name is "${cut(value)}"; expected ${expected}`);
}

function cut(text: string): string {
  return text.slice(0, 80);
}
