import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { pathToString } from '@bufbuild/protobuf/reflect';
import { createValidator } from '@bufbuild/protovalidate';
import { refusalError } from './refusal.ts';

const validator = createValidator();

/** The rules that stand in the contract, as the server applies them. */
export function validate<D extends DescMessage>(schema: D, message: MessageShape<D>): void {
  const result = validator.validate(schema, message);
  if (result.kind === 'valid') return;
  if (result.kind === 'error') throw result.error;
  const fields = result.violations.map(({ field, message: description }) => ({ field: pathToString(field), description }));
  const sentence = fields.map(({ field, description }) => (field === '' ? description : `${field}: ${description}`)).join('; ');
  throw refusalError({ code: 'INVALID_FIELD', sentence, fields });
}
