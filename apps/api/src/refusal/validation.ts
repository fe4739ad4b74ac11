import { create, isMessage, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { createValidator } from '@bufbuild/protovalidate';
import { SubmitRequestSchema } from '@posthaste/protocol';
import { isPlainRequest } from '../submission/plain-request.ts';
import { refuseFields } from './refusal.ts';
import { faultOf } from './violation.ts';

/** Throws INVALID_FIELD, with every broken rule of the contract (buf.validate), when a request keeps not all of them. */
export type Validate = <D extends DescMessage>(desc: D, request: MessageShape<D>) => void;

/** @param requests those that will come: rules are compiled at their first use, which takes about 0.1 s, and no caller should wait for that */
export function createValidation(requests: readonly DescMessage[]): Validate {
  const validator = createValidator();
  for (const request of requests) validator.validate(request, create(request));
  return (desc, request) => {
    if (isMessage(request, SubmitRequestSchema) && isPlainRequest(request)) return;
    const result = validator.validate(desc, request);
    if (result.kind === 'error') throw new Error(`the rules of ${desc.typeName} cannot be applied`, { cause: result.error });
    if (result.kind === 'invalid') throw refuseFields(result.violations.map((violation) => faultOf(violation, request)));
  };
}
