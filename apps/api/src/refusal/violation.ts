import { isMessage, type Message } from '@bufbuild/protobuf';
import { pathToString, type Path } from '@bufbuild/protobuf/reflect';
import { durationMs, DurationSchema } from '@bufbuild/protobuf/wkt';
import type { Violation } from '@bufbuild/protovalidate';
import { ruleField } from '@posthaste/protocol';
import { shorten } from '../submission/address.ts';
import type { FieldFault } from './refusal.ts';

/** A broken rule as a sentence that a person reads: what came, and what was expected. */
export function faultOf(violation: Violation, request: Message): FieldFault {
  const field = pathToString(violation.field);
  const culprit = ruleField(violation.ruleId, field);
  // The rules of a whole message are sentences already.
  if (culprit !== undefined) return { field: culprit, description: violation.message };
  if (violation.ruleId === 'required') return { field, description: 'is missing' };
  const value = violation.forKey ? keyOf(violation.field) : valueAt(violation.field, request);
  return { field, description: `${describe(value, violation.ruleId)}; expected ${expectation(violation)}` };
}

/** What the contract's patterns ask for, in words. */
export const shapes: ReadonlyMap<string, string> = new Map([
  [String.raw`^[^\x00-\x1f\x7f]*$`, 'one line'],
  [String.raw`^[^\x00-\x08\x0a-\x1f\x7f]*$`, 'one line'],
  [String.raw`^[!-9;-~]+$`, 'the name of a header: letters, digits and "-"'],
  [String.raw`^[A-Za-z0-9_.-]{1,64}$`, '1 to 64 letters, digits, "_", "." or "-"'],
  [String.raw`^[a-z0-9-]{0,32}$`, 'at most 32 lower case letters, digits or "-"'],
  [String.raw`^[a-z0-9-]{1,32}$`, '1 to 32 lower case letters, digits or "-"'],
  [String.raw`^[A-Za-z0-9_-]{0,64}$`, 'at most 64 letters, digits, "_" or "-"'],
  [String.raw`^[^@]*$`, 'a domain, without "@"'],
  [String.raw`^[ -~]*$`, 'visible ASCII characters and blanks'],
  [String.raw`^[^\x00-\x1f\x7f/\\]*$`, 'a name on one line, without "/" and "\\"'],
  [String.raw`^([A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+( *;[ -~]*)?)?$`, 'a media type such as application/pdf'],
  [String.raw`^[!-;=?-~]*$`, 'visible ASCII characters without "<" and ">"'],
  [String.raw`^(https://[!-;=?-~]+)?$`, 'an address that begins with https://, of visible ASCII characters without "<" and ">"'],
]);

function expectation({ message }: Violation): string {
  const pattern = /^does not match regex pattern `(.*)`$/s.exec(message)?.[1];
  if (pattern !== undefined) return shapes.get(pattern) ?? `what matches ${pattern}`;
  return message
    .replace(/^(value )?must (be|contain) /, '')
    .replace('at least 1 characters', 'at least one character')
    .replace('item(s)', 'entries');
}

function describe(value: unknown, rule: string): string {
  if (isMessage(value, DurationSchema)) return `is ${durationMs(value) / 1000}s`;
  if (Array.isArray(value)) return `has ${value.length} entries`;
  if (value instanceof Uint8Array) return value.length === 0 ? 'is empty' : `has ${value.length} bytes`;
  if (typeof value === 'object' && value !== null) return `has ${Object.keys(value).length} entries`;
  return typeof value === 'string' ? describeText(value, rule) : `is ${String(value)}`;
}

function describeText(text: string, rule: string): string {
  if (text === '') return 'is empty';
  if (rule === 'string.max_len') return `is ${Array.from(text).length} characters long`;
  if (/[\r\n]/.test(text)) return 'has a line break';
  // eslint-disable-next-line no-control-regex
  return /[\x00-\x1f\x7f]/.test(text) ? 'has a control character' : `is "${shorten(text)}"`;
}

function keyOf(path: Path): unknown {
  const last = path.at(-1);
  return last?.kind === 'map_sub' ? last.key : undefined;
}

function valueAt(path: Path, request: Message): unknown {
  return path.reduce<unknown>((value, step) => {
    if (typeof value !== 'object' || value === null) return undefined;
    const name = step.kind === 'list_sub' ? step.index : step.kind === 'map_sub' ? step.key : step.kind === 'field' ? step.localName : '';
    return (value as Record<string, unknown>)[String(name)];
  }, request);
}
