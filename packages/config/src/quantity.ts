/** What a parser answers: the value, or what it would have taken. */
export type Parsed<T> = { readonly kind: 'value'; readonly value: T } | Refused;

export interface Refused {
  readonly kind: 'refused';
  readonly expected: string;
  /** Of a value with parts: each fault by itself. What came is quoted here or not at all. */
  readonly faults?: readonly PartFault[];
}

export interface PartFault {
  /** Dotted, below the setting's key; empty for the whole. */
  readonly part: string;
  /** Such as `came 'x', expected a whole number`. */
  readonly problem: string;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export const taken = <T>(value: T): Parsed<T> => ({ kind: 'value', value });
export const refused = (expected: string): Refused => ({ kind: 'refused', expected });
/** For values with secrets in them: nothing is quoted that is not quoted in `faults`. */
export const refusedParts = (expected: string, faults: readonly PartFault[]): Refused => ({ kind: 'refused', expected, faults });

const durationUnits: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

const sizeUnits: ReadonlyMap<string, number> = new Map([
  ['B', 1],
  ['KB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['TB', 1e12],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
  ['TiB', 2 ** 40],
]);

/** Milliseconds. A number without a unit is refused: nobody can tell whether 30 means seconds or milliseconds. */
export function parseDuration(text: string): Parsed<number> {
  return parseQuantity(text, durationUnits, 'a duration such as 250ms, 30s, 5m, 1h or 7d');
}

/** Bytes. Units of 1000 (KB, MB, GB, TB) and of 1024 (KiB, MiB, GiB, TiB) are told apart. */
export function parseSize(text: string): Parsed<number> {
  return parseQuantity(text, sizeUnits, 'a size such as 512KiB, 25MiB, 1GB or 100B');
}

function parseQuantity(text: string, units: ReadonlyMap<string, number>, expected: string): Parsed<number> {
  const [, digits, unit] = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(text.trim()) ?? [];
  const factor = units.get(unit ?? '');
  if (digits === undefined || factor === undefined) return refused(expected);
  const amount = Number(digits) * factor;
  return Number.isSafeInteger(amount) ? taken(amount) : refused(`${expected}, in whole ${units.has('ms') ? 'milliseconds' : 'bytes'}`);
}

/** `host:port`; an IPv6 host stands in brackets. Port 0 means any free one. */
export function parseAddress(text: string): Parsed<Address> {
  const [, bracketed, plain, digits] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text.trim()) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535) return refused('an address such as 127.0.0.1:2525 or [::1]:2525');
  return taken({ host, port });
}

export function formatAddress(address: Address): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** The largest unit that divides the amount, so that what was written `25MiB` is also shown as `25MiB`. */
export function formatDuration(ms: number): string {
  return formatQuantity(ms, ['d', 'h', 'm', 's', 'ms'], durationUnits);
}

export function formatSize(bytes: number): string {
  return formatQuantity(bytes, ['TiB', 'TB', 'GiB', 'GB', 'MiB', 'MB', 'KiB', 'KB', 'B'], sizeUnits);
}

function formatQuantity(amount: number, names: readonly string[], units: ReadonlyMap<string, number>): string {
  const smallest = names.at(-1) ?? '';
  const unit = amount === 0 ? smallest : (names.find((name) => amount % (units.get(name) ?? 1) === 0) ?? smallest);
  return `${amount / (units.get(unit) ?? 1)}${unit}`;
}
