import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { pathToString } from '@bufbuild/protobuf/reflect';
import { createValidator } from '@bufbuild/protovalidate';
import { ruleField } from '@posthaste/protocol';
import { refuseFields } from './refusal.ts';

const validator = createValidator();

/** The rules that stand in the contract, as the server applies them. */
export function validate<D extends DescMessage>(schema: D, message: MessageShape<D>): void {
  const result = validator.validate(schema, message);
  if (result.kind === 'valid') return;
  if (result.kind === 'error') throw result.error;
  throw refuseFields(
    result.violations.map(({ field, ruleId, message: description }) => {
      const path = pathToString(field);
      return { field: ruleField(ruleId, path) ?? path, description };
    }),
  );
}
