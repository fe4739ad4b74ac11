import type { Setting } from './setting.ts';
import { orderSettings } from './order.ts';
import { sharedSettings } from './shared.ts';
import { breakerSettings, checkSettings } from './upstreams/breaker.ts';

/** All settings of one program, by dotted key. The part before the first dot is the key's section. */
export type Schema = Readonly<Record<string, Setting<unknown>>>;

export type Values<S extends Schema> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

/**
 * The sections of all programs. One file, or one environment, serves them all, so each program passes over the sections that it does not
 * declare; what is in none of these is a slip of the pen.
 */
export const knownSections: readonly string[] = [
  'nats',
  'storage',
  'log',
  'relay',
  'api',
  'scheduler',
  'sender',
  'inbox',
  'ledger',
  'upstreams',
  'groups',
  'routes',
  'domains',
  'breaker',
  'lanes',
  'tenants',
  'batch',
  'fleet',
  'calendar',
  'limits',
  'partitions',
  'deadLetters',
  'dedupe',
  'up',
];

/** Variables with our prefix that are not settings of a program: for the command line, the cache and the parent's life line. */
export const wellKnownVariables: readonly string[] = [
  'POSTHASTE_CONFIG',
  'POSTHASTE_NATS_SERVER',
  'POSTHASTE_ENDPOINT',
  'POSTHASTE_TOKEN',
  'POSTHASTE_CONTEXT',
  'POSTHASTE_CACHE',
  'POSTHASTE_PARENT_FD',
];

export const variablePrefix = 'POSTHASTE_';

/** `relay.idleTimeout` is POSTHASTE_RELAY_IDLE_TIMEOUT in the environment. */
export function variableName(key: string): string {
  return (
    variablePrefix +
    key
      .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
      .replaceAll('.', '_')
      .toUpperCase()
  );
}

export function sectionOf(key: string): string {
  return key.split('.', 1)[0] ?? key;
}

/** Where a value came from. */
export type Source =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly variable: string }
  | { readonly kind: 'flag'; readonly flag: string };

/** A value as it was found, not yet parsed. */
export interface Found {
  readonly key: string;
  readonly input: unknown;
  readonly source: Source;
}

/** What one source holds, and what is wrong in it. */
export interface Reading {
  readonly found: readonly Found[];
  readonly faults: readonly string[];
}

/** What a program may find in its sources. */
export interface Known {
  readonly schema: Schema;
  /** Sections all of whose keys this program knows; an unknown key there is a fault. */
  readonly ownSections: ReadonlySet<string>;
}

/** Keys of the sections that several programs declare parts of. Each program declares those that it uses and passes over the rest. */
export const sharedKeys: readonly string[] = [
  ...Object.keys(sharedSettings),
  ...Object.keys({ ...breakerSettings, ...checkSettings, ...orderSettings }),
  'limits.recipients',
  'limits.inline',
  'limits.storage',
  'limits.tickets',
  'limits.tenant',
  'limits.replicas',
  'dedupe.window',
];

const sharedSections = new Set(sharedKeys.map(sectionOf));

/** A slip of ours, not of the user: a key that is missing in `sharedKeys` would be refused by every other program. */
export function checkSchema(schema: Schema): void {
  const missing = Object.keys(schema).find((key) => sharedSections.has(sectionOf(key)) && !sharedKeys.includes(key));
  if (missing !== undefined) throw new Error(`${missing} is in a section that several programs share: add it to sharedKeys of @posthaste/config`);
}

/** Whether an undeclared key is another program's business. */
export function isForeign(known: Known, key: string): boolean {
  const section = sectionOf(key);
  return sharedKeys.includes(key) || (knownSections.includes(section) && !known.ownSections.has(section));
}

export function describeSource(source: Source): string {
  switch (source.kind) {
    case 'default':
      return 'default';
    case 'file':
      return `file ${source.path}`;
    case 'env':
      return `env ${source.variable}`;
    case 'flag':
      return `flag ${source.flag}`;
  }
}
