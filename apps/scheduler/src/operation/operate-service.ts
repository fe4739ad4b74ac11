import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Lookup } from '../lookup-service.ts';
import { unaryHandler } from './call.ts';
import { createSuspension, liftSuspension, listSuspensions } from './suspension-service.ts';
import { listDeadLetters } from './dead-letter-service.ts';
import { lookUpOperation, operate } from './commands-service.ts';

/** `current`: what is operated on during a partition's present epoch, or null while another scheduler owns it. */
export function operateHandlers(current: (partition: number) => Lookup | null): UntypedServiceImplementation {
  return {
    operate: unaryHandler(current, operate),
    lookupOperation: unaryHandler(current, lookUpOperation),
    createSuspension: unaryHandler(current, createSuspension),
    listSuspensions: unaryHandler(current, listSuspensions),
    liftSuspension: unaryHandler(current, liftSuspension),
    listDeadLetters: unaryHandler(current, listDeadLetters),
  };
}
