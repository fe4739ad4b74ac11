import type { OperationOptions, OperationStatus, Operator, MailSelector } from '@posthaste/client';
import { type Command, defineCommand, type Example } from '../command/command.ts';
import { answerOptions, idOperand, mailOptions, operationOptions, selectorOf } from './options.ts';
import { runOperation } from './run-operation.ts';

interface Verb {
  readonly summary: string;
  readonly about: string;
  readonly examples: readonly Example[];
  readonly destructive?: true;
  act(operator: Operator, selector: MailSelector, options: OperationOptions): Promise<OperationStatus>;
}

const options = { ...mailOptions, ...operationOptions, ...answerOptions };

/** A verb that needs to be told nothing but what it acts on. */
export function messageVerb({ act, destructive, about, ...told }: Verb): Command<typeof options> {
  return defineCommand({
    ...told,
    about: `${about}\n${codesOfVerbs}`,
    operands: [idOperand],
    options,
    run(call) {
      const selector = selectorOf(call.operands, call.options);
      const plan = { selector, act: (operator: Operator, limits: OperationOptions) => act(operator, selector, limits) };
      return runOperation(call, destructive ? { ...plan, destructive } : plan);
    },
  });
}

export const codesOfVerbs = 'Exit codes: 3 no such mail; 5 none of it could be changed; 7 some could not; 124 not done in time, it goes on.';
