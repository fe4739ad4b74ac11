import { create } from '@bufbuild/protobuf';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import type { Command } from '@posthaste/core';
import {
  LookupOperationResponseSchema,
  OperateResponseSchema,
  type LookupOperationRequest,
  type LookupOperationResponse,
  type OperateRequest,
  type OperateResponse,
} from '@posthaste/protocol/dispatch';
import { readAllThatIsStored, type Lookup } from '../lookup-service.ts';
import { Refused } from './call.ts';
import { progressMessage, readCommand } from './command-messages.ts';

/** How often a caller that waits for a command's end looks. */
const lookEveryMs = 10;

/** Answers when the command is at its end, or the caller's patience; what is told has been journalled. */
export async function operate(epoch: Lookup, request: OperateRequest): Promise<OperateResponse> {
  const { driver, clock, signal } = epoch;
  const command = readCommand(request, driver.engine.lanes);
  const until = clock.monotonic() + (request.patience ? durationMs(request.patience) : 0);
  if (!driver.engine.command(command.id)) await take(epoch, command, request.dryRun);
  while (!isDone(epoch, command) && clock.monotonic() < until && !signal.aborted) await clock.sleep(lookEveryMs, signal).catch(() => {});
  await driver.journalled();
  return create(OperateResponseSchema, { progress: progressOf(epoch, command.id) });
}

/** Mail that was stored before the command was given is mail that it can name. */
async function take(epoch: Lookup, command: Command, dryRun: boolean): Promise<void> {
  const { driver } = epoch;
  const { verb } = command;
  if (verb.kind === 'move' && !driver.engine.isDestination(verb.upstream)) {
    throw new Refused(status.INVALID_ARGUMENT, `upstream: '${verb.upstream}' is neither an upstream nor a group of upstreams`);
  }
  await readAllThatIsStored(epoch);
  driver.tell({ kind: 'command', command, dryRun });
  await driver.journalled();
}

function isDone({ driver }: Lookup, { id }: Command): boolean {
  return driver.engine.command(id)?.progress.done ?? false;
}

export function lookUpOperation(epoch: Lookup, { id }: LookupOperationRequest): LookupOperationResponse {
  return create(LookupOperationResponseSchema, { progress: progressOf(epoch, id) });
}

function progressOf({ driver }: Lookup, id: string) {
  const known = driver.engine.command(id);
  if (!known) throw new Refused(status.NOT_FOUND, `no operation has the id ${id}, or it was done long ago`);
  return progressMessage(known);
}
