import { type DescMessage, type MessageShape, toJson } from '@bufbuild/protobuf';
import { stringify } from 'yaml';
import { protoJson } from './json.ts';

export type AnswerForm = 'table' | 'json' | 'jsonl' | 'yaml' | 'name' | undefined;

interface Answer<D extends DescMessage> {
  readonly schema: D;
  readonly proto: MessageShape<D>;
  readonly name: string;
  /** For people. */
  text(): string;
}

/** One answer in the form that was asked for. */
export function renderAnswer<D extends DescMessage>(form: AnswerForm, { schema, proto, name, text }: Answer<D>): string {
  if (form === 'json' || form === 'jsonl') return protoJson(schema, proto, form);
  if (form === 'yaml') return stringify(toJson(schema, proto)).trimEnd();
  return form === 'name' ? name : text();
}
