import { status, type handleUnaryCall, type UntypedHandleCall } from '@grpc/grpc-js';

import { askedPartition } from '../asked-partition.ts';

/** A call that cannot be answered, in the words of gRPC. */
export class Refused extends Error {
  readonly code: status;

  constructor(code: status, sentence: string) {
    super(sentence);
    this.code = code;
  }
}

/** `current`: what answers during a partition's present epoch, or null while another scheduler owns it. What is not refused and fails is our own trouble. */
export function unaryHandler<Epoch>(
  current: (partition: number) => Epoch | null,
  answerTo: (epoch: Epoch, request: never) => unknown,
): UntypedHandleCall {
  const handle: handleUnaryCall<never, unknown> = (call, answer) => {
    const partition = askedPartition(call);
    const epoch = current(partition);
    if (!epoch) return answer({ code: status.UNAVAILABLE, details: `this scheduler does not own partition ${partition} now` });
    Promise.resolve()
      .then(() => answerTo(epoch, call.request))
      .then(
        (response) => answer(null, response),
        (error: unknown) => answer(refusalOf(error)),
      );
  };
  return handle as UntypedHandleCall;
}

function refusalOf(error: unknown): { code: status; details: string } {
  if (error instanceof Refused) return { code: error.code, details: error.message };
  return { code: status.UNAVAILABLE, details: `this cannot be done now: ${String(error)}` };
}
