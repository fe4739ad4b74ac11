import { type DescMessage, type MessageShape, toJson } from '@bufbuild/protobuf';

/** proto3 JSON: over several lines as one document, or on one line of many. */
export function protoJson<D extends DescMessage>(schema: D, message: MessageShape<D>, form: 'json' | 'jsonl'): string {
  return JSON.stringify(toJson(schema, message), undefined, form === 'json' ? 2 : 0);
}
