import { type DescField, type DescMessage, type JsonObject, type JsonValue, ScalarType } from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt';

/** Those that proto3 JSON writes as text: a number of JSON cannot hold them all. */
const longTypes: ReadonlySet<ScalarType> = new Set([ScalarType.INT64, ScalarType.UINT64, ScalarType.SINT64, ScalarType.FIXED64, ScalarType.SFIXED64]);
const noNumbers: ReadonlySet<ScalarType> = new Set([ScalarType.STRING, ScalarType.BYTES, ScalarType.BOOL]);

/** proto3 JSON leaves out a number that is 0; who reads it by hand or by jq looks for it. Fields that may be absent stay absent. */
export function withZeros(desc: DescMessage, json: JsonObject): JsonObject {
  // Duration, Timestamp and their like have forms of their own.
  if (desc.typeName.startsWith('google.protobuf.')) return json;
  const whole: JsonObject = { ...json };
  for (const field of desc.fields) {
    const value = json[field.jsonName];
    if (value !== undefined) whole[field.jsonName] = inside(field, value);
    else if (field.fieldKind === 'scalar' && field.presence === FeatureSet_FieldPresence.IMPLICIT && !noNumbers.has(field.scalar))
      whole[field.jsonName] = longTypes.has(field.scalar) ? '0' : 0;
  }
  return whole;
}

function inside(field: DescField, value: JsonValue): JsonValue {
  const { message } = field;
  if (!message) return value;
  const one = (each: JsonValue) => (isObject(each) ? withZeros(message, each) : each);
  if (Array.isArray(value)) return value.map(one);
  if (field.fieldKind === 'map' && isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, one(each)]));
  return one(value);
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
