import { ScalarType, type DescEnum, type DescField, type DescMessage, type JsonObject, type JsonValue } from '@bufbuild/protobuf';

/**
 * A query as the JSON of a request, as google.api.http has it: a name that comes again is one more element of a repeated field. Values of enums may
 * leave their prefix out, in any case: `states=queued`. What the request does not know is left for its reader to refuse.
 */
export function readQuery(desc: DescMessage, query: URLSearchParams): JsonObject {
  const names = new Set(query.keys());
  return Object.fromEntries([...names].map((name) => [name, readField(findField(desc, name), query.getAll(name))]));
}

function findField(desc: DescMessage, name: string): DescField | undefined {
  return desc.fields.find((field) => field.name === name || field.jsonName === name);
}

function readField(field: DescField | undefined, texts: readonly string[]): JsonValue {
  if (field?.fieldKind === 'list') return texts.map((text) => readValue(field.listKind === 'enum' ? field.enum : undefined, text));
  const last = texts.at(-1) ?? '';
  if (field?.fieldKind === 'scalar' && field.scalar === ScalarType.BOOL) return last === 'true' || (last === 'false' ? false : last);
  return readValue(field?.fieldKind === 'enum' ? field.enum : undefined, last);
}

function readValue(desc: DescEnum | undefined, text: string): string {
  const wanted = text.toUpperCase();
  const value = desc?.values.find(({ name }) => name === wanted || name === `${prefixOf(desc)}${wanted}`);
  return value?.name ?? text;
}

/** `MESSAGE_STATE_` of MessageState. */
function prefixOf({ name }: DescEnum): string {
  return `${name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()}_`;
}
