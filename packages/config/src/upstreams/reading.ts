import { didYouMean } from '../nearest.ts';
import type { PartFault } from '../quantity.ts';
import { hidden, redactUrl } from '../redact.ts';
import { isMapping, isScalar } from '../setting.ts';
import { isSecret, keysByName, shortKeys, upstreamKeys } from './key.ts';
import { parseLimits } from './limits.ts';

/** What was said of one upstream, by dotted key, as text. */
export type Given = ReadonlyMap<string, string>;

/** Gathers what was said of an upstream, and what is wrong with it. */
class Gathering {
  readonly given = new Map<string, string>();
  readonly faults: PartFault[] = [];
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  add(key: string, text: string): void {
    const parsed = upstreamKeys[key]?.(text);
    if (this.given.has(key)) this.fault(key, 'given twice; keep one');
    else if (parsed?.kind === 'refused') this.fault(key, `came ${isSecret(key, text) ? hidden : `'${text}'`}, expected ${parsed.expected}`);
    else this.given.set(key, text);
  }

  unknown(key: string, candidates: Iterable<string>): void {
    const all = [...candidates];
    this.fault(key, `there is no such key${didYouMean(key, all)}; there are ${all.join(', ')}`);
  }

  fault(key: string, problem: string): void {
    this.faults.push({ part: key === '' ? this.#name : `${this.#name}.${key}`, problem });
  }
}

/** From a URL, or from a mapping that may hold one. */
export function readGiven(name: string, input: unknown): { readonly given: Given; readonly faults: readonly PartFault[] } {
  const gathering = new Gathering(name);
  if (typeof input === 'string') readUrl(input, gathering, '');
  else if (isMapping(input)) readMapping(input, gathering);
  else gathering.fault('', 'expected a URL, or a mapping of keys such as host, user, tls');
  return gathering;
}

const urlForm =
  'smtp://[user:password@]host[:port][?key=value&...], smtps://... or preset://[user:password@]name, special characters of the password percent-encoded';

/** The host of `preset://` is the preset's name. */
function readUrl(text: string, into: Gathering, at: string): void {
  const [, port] = /^[a-z]+:\/\/[^/?#]*:(\d+)(?:[/?#]|$)/.exec(text) ?? [];
  // Such a URL is no URL, and nothing would be said of the port.
  if (port !== undefined && upstreamKeys['port']?.(port).kind === 'refused') return into.add('port', port);
  const url = URL.parse(text);
  const scheme = url?.protocol.slice(0, -1) ?? '';
  if (!url || !['smtp', 'smtps', 'preset'].includes(scheme) || url.hostname === '')
    return into.fault(at, `came '${quoteUrl(text)}', expected ${urlForm}`);
  if (scheme === 'preset') into.add('preset', url.hostname);
  else into.add('host', url.hostname.replace(/^\[|\]$/g, ''));
  if (url.port !== '') into.add('port', url.port);
  if (scheme === 'smtps') into.add('tls.mode', 'implicit');
  if (url.username !== '') into.add('user', decodePart(url.username));
  if (url.password !== '') into.add('password', decodePart(url.password));
  for (const [name, value] of url.searchParams) readWord(name, value, into);
}

/** Up to its question mark: behind it might stand what was meant for a password. */
function quoteUrl(text: string): string {
  return redactUrl(text).split('?', 1)[0] ?? '';
}

/** A percent sign that begins no code is taken for itself. */
function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function readWord(name: string, value: string, into: Gathering): void {
  if (name === 'limits') return readLimits(value.replaceAll(' ', '+').replaceAll('+at+once', ' at once'), into);
  const keys = name === 'password' ? undefined : keysByName.get(name);
  if (name === 'password') into.fault(name, 'a password stands before the host, or in a file that passwordFile names');
  else if (keys) for (const key of keys) into.add(key, value);
  else into.unknown(name, keysByName.keys());
}

function readLimits(value: unknown, into: Gathering): void {
  const limits = parseLimits(value);
  if (limits.kind === 'refused') return into.fault('limits', `came '${String(value)}', expected ${limits.expected}`);
  for (const [name, number] of Object.entries(limits.value)) into.add(`limits.${name}`, String(number));
}

const groups: ReadonlySet<string> = new Set(Object.keys(upstreamKeys).flatMap((key) => (key.includes('.') ? [key.slice(0, key.indexOf('.'))] : [])));

function readMapping(mapping: Readonly<Record<string, unknown>>, into: Gathering, prefix = ''): void {
  for (const [word, value] of Object.entries(mapping)) if (value !== null) readEntry(prefix + word, value, into);
}

function readEntry(key: string, value: unknown, into: Gathering): void {
  const group = key.includes('.') ? key.slice(0, key.indexOf('.') + 1) : '';
  const known = key === 'url' || key === 'limits' || Object.hasOwn(upstreamKeys, key) || Object.hasOwn(shortKeys, key);
  if (isMapping(value) && groups.has(key)) readMapping(value, into, `${key}.`);
  else if (!known)
    into.unknown(key, group === '' ? ['url', ...Object.keys(upstreamKeys)] : Object.keys(upstreamKeys).filter((each) => each.startsWith(group)));
  else if (!isScalar(value)) into.fault(key, 'expected one text');
  else if (key === 'url') readUrl(String(value), into, key);
  else if (key === 'limits') readLimits(value, into);
  else for (const each of shortKeys[key] ?? [key]) into.add(each, String(value));
}
