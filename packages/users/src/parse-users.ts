import { didYouMean } from '@posthaste/config/nearest';
import { lanes, LaneTable } from '@posthaste/core';
import { parseDocument } from 'yaml';
import { isPasswordHash } from './password.ts';
import type { User } from './user.ts';

/** All that is wrong in a users file, at once. */
export class UsersError extends Error {
  override readonly name = 'UsersError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`the users file has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}: ${faults.join('; ')}`);
    this.faults = faults;
  }
}

/**
 * Reads a users file, YAML or JSON:
 *
 *     users:
 *       - name: shop
 *         password: $argon2id$v=19$m=19456,t=2,p=1$...   # a hash, never the password itself
 *         tenant: shop                                   # this and all below may be left out
 *         lane: high
 *         maxLane: high
 *         tags: { app: shop }
 *         senders: [orders@shop.example, '@news.shop.example']
 *
 * Users by name; `table`: the lanes that there are. Throws a UsersError with all faults; no fault quotes a password.
 */
export function parseUsers(text: string, table = new LaneTable()): ReadonlyMap<string, User> {
  const document = parseDocument(text);
  const syntax = document.errors.map((error) => error.message.split('\n', 1)[0] ?? 'not YAML');
  if (syntax.length > 0) throw new UsersError(syntax);
  const root: unknown = document.toJS();
  const entries = isMapping(root) ? root['users'] : undefined;
  if (!Array.isArray(entries)) throw new UsersError(['expected "users:" and a list under it, of entries with name and password']);
  const faults: string[] = [];
  const users = new Map<string, User>();
  for (const [index, entry] of entries.entries()) {
    const user = readUser(entry, index, table, faults);
    if (user && users.has(user.name)) faults.push(`user ${user.name}: is there twice; expected each name once`);
    if (user) users.set(user.name, user);
  }
  if (faults.length > 0) throw new UsersError(faults);
  return users;
}

type Report = (field: string, came: unknown, expected: string) => void;

function readUser(entry: unknown, index: number, table: LaneTable, faults: string[]): User | undefined {
  if (!isMapping(entry)) {
    faults.push(`entry ${index + 1}: expected name and password`);
    return undefined;
  }
  const before = faults.length;
  const who = isName(entry['name']) ? `user ${entry['name']}` : `entry ${index + 1}`;
  const report: Report = (field, came, expected) => {
    faults.push(`${who}: ${field} ${came === undefined ? 'is missing' : `is ${JSON.stringify(came)}`}; expected ${expected}`);
  };
  const { name, password, ...rest } = entry;
  if (!isName(name)) report('name', name, 'a text of 1 to 255 characters on one line');
  if (typeof password !== 'string' || !isPasswordHash(password))
    report('password', password === undefined ? undefined : '***', 'its hash, such as $argon2id$v=19$m=19456,t=2,p=1$...');
  checkRest(rest, rulesOf(table), report);
  return faults.length > before ? undefined : ({ name, passwordHash: password, ...normal(rest) } as User);
}

function checkRest(rest: Record<string, unknown>, rules: Readonly<Record<string, FieldRule>>, report: Report): void {
  for (const [field, came] of Object.entries(rest)) {
    const rule = rules[field];
    if (!rule) report(field, came, `one of name, password, ${Object.keys(rules).join(', ')}`);
    else if (!rule.holds(came)) report(field, came, typeof rule.expected === 'string' ? rule.expected : rule.expected(came));
  }
}

interface FieldRule {
  readonly expected: string | ((came: unknown) => string);
  holds(came: unknown): boolean;
}

/** Of one of these names. */
function laneRule(names: readonly string[]): FieldRule {
  return {
    expected: (came) => `one of ${names.join(', ')}${typeof came === 'string' ? didYouMean(came, names) : ''}`,
    holds: (came) => typeof came === 'string' && names.includes(came),
  };
}

/** Of the fields that may be left out. */
function rulesOf({ names }: LaneTable): Readonly<Record<string, FieldRule>> {
  return { tenant, lane: laneRule(names), maxLane: laneRule(lanes), tags, senders };
}

const tenant: FieldRule = {
  expected: '1 to 64 letters, digits, "-" or "_"',
  holds: (came) => typeof came === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(came),
};
const tags: FieldRule = { expected: 'a mapping of tag names to texts of at most 256 characters', holds: isTags };
const senders: FieldRule = {
  expected: 'a list of addresses, or of domains with @ in front',
  holds: (came) => Array.isArray(came) && came.every((sender) => typeof sender === 'string' && /^[^@\s]*@[^@\s]+$/.test(sender)),
};

function isTags(came: unknown): boolean {
  if (!isMapping(came) || Object.keys(came).length > 32) return false;
  const tag = ([name, value]: [string, unknown]) => /^[A-Za-z0-9_.-]{1,64}$/.test(name) && typeof value === 'string' && isLine(value, 256);
  return Object.entries(came).every(tag);
}

function normal(rest: Record<string, unknown>): Record<string, unknown> {
  const { senders } = rest;
  return Array.isArray(senders) ? { ...rest, senders: senders.map((sender: unknown) => String(sender).toLowerCase()) } : rest;
}

function isName(came: unknown): came is string {
  return typeof came === 'string' && came !== '' && isLine(came, 255);
}

/** On one line, and without what could break a log or a reply. */
function isLine(text: string, maxLength: number): boolean {
  return text.length <= maxLength && !/[\x00-\x1f\x7f-\x9f]/.test(text);
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
