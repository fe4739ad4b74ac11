import { fromJson, ScalarType, type DescField, type DescMessage, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import { didYouMean } from '@posthaste/config';
import { shorten } from '../submission/address.ts';
import { mostFaults, type FieldFault } from '../refusal/refusal.ts';

/** Of a longer list no more is looked at: no request may have as many, and looking for faults is to cost little. */
const mostLookedAt = 1_000;

/** What keeps the JSON of a request from being read. */
export interface JsonFaults {
  /** Paths of what the request does not have. */
  readonly unknown: readonly string[];
  /** Those, and what has a value of the wrong type. */
  readonly fields: readonly FieldFault[];
}

/** All faults at once, or as many as an answer can carry: what reads JSON stops at the first, and names it in words that mean little to those who wrote it. */
export function faultsOfJson(desc: DescMessage, json: JsonObject): JsonFaults {
  const unknown: string[] = [];
  const fields: FieldFault[] = [];
  readObject(desc, json, '');
  return { unknown, fields };

  function readObject({ fields: known }: DescMessage, object: JsonObject, prefix: string): void {
    for (const [key, value] of Object.entries(object)) {
      if (fields.length >= mostFaults) return;
      const field = known.find(({ name, jsonName }) => name === key || jsonName === key);
      if (field) readField(field, value, prefix + field.name);
      else refuseName(prefix, key, known);
    }
  }

  function refuseName(prefix: string, key: string, known: readonly DescField[]): void {
    const name = shorten(key);
    const names = known.map((each) => each.name);
    unknown.push(prefix + name);
    fields.push({ field: prefix + name, description: `the request has no such field${didYouMean(name, names)}` });
  }

  function readField(field: DescField, value: JsonValue, path: string): void {
    if (value === null || (isLeaf(field) && isReadable(field, value))) return;
    if (field.fieldKind === 'list') {
      if (Array.isArray(value)) value.slice(0, mostLookedAt).forEach((each, index) => readOne(field, each, [each], `${path}[${index}]`));
      else refuse(path, value, 'a list');
    } else if (field.fieldKind === 'map') {
      if (!isObject(value)) refuse(path, value, 'an object');
      else
        for (const [key, each] of Object.entries(value).slice(0, mostLookedAt)) readOne(field, each, { [key]: each }, `${path}["${shorten(key)}"]`);
    } else readOne(field, value, value, path);
  }

  /** @param alone the value as the only one of its field */
  function readOne(field: DescField, value: JsonValue, alone: JsonValue, path: string): void {
    if (fields.length >= mostFaults) return;
    if (isLeaf(field)) {
      if (!isReadable(field, alone)) refuse(path, value, expectation(field));
    } else if (isObject(value)) readObject(field.message, value, `${path}.`);
    else refuse(path, value, 'an object');
  }

  function refuse(path: string, value: JsonValue, expected: string): void {
    fields.push({ field: path, description: `is ${describe(value)}; expected ${expected}` });
  }
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a field holds no further fields. */
function isLeaf(field: DescField): field is DescField & { readonly message: undefined } {
  return !field.message || field.message.typeName in wellKnown;
}

function isReadable(field: DescField, value: JsonValue): boolean {
  try {
    fromJson(field.parent, { [field.name]: value });
    return true;
  } catch {
    return false;
  }
}

/** Messages that JSON writes as a text. */
const wellKnown: Readonly<Record<string, string>> = {
  'google.protobuf.Timestamp': 'a time with its zone (RFC 3339), such as 2031-05-01T08:00:00Z',
  'google.protobuf.Duration': 'seconds with an s behind them, such as 300s',
};

function expectation({ message, enum: choice, scalar }: DescField): string {
  if (message) return wellKnown[message.typeName] ?? 'an object';
  if (choice) return `one of ${choice.values.flatMap(({ name, number }) => (number === 0 ? [] : [name])).join(', ')}`;
  return (scalar && scalars[scalar]) ?? 'a number';
}

const scalars: Partial<Record<ScalarType, string>> = {
  [ScalarType.STRING]: 'a text of whole Unicode characters',
  [ScalarType.BYTES]: 'base64',
  [ScalarType.BOOL]: 'true or false',
  [ScalarType.INT32]: 'a whole number',
  [ScalarType.INT64]: 'a whole number',
  [ScalarType.UINT32]: 'a whole number from 0',
  [ScalarType.UINT64]: 'a whole number from 0',
};

function describe(value: JsonValue): string {
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'an object';
  return typeof value === 'string' ? `"${shorten(value)}"` : String(value);
}
