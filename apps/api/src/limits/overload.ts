import { refusal } from '../refusal/refusal.ts';
import type { Space } from './room.ts';

/** A client that hears it soon can go elsewhere. */
const longestWaitMs = 5_000;

/** Waits for room in memory, for a while; then rejects with OVERLOADED. Rejects with the reason of `gone` when the client has gone. */
export async function enterOrRefuse(room: Space, bytes: number, gone: AbortSignal): Promise<void> {
  if (room.tryEnter(bytes)) return;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(refuseOverload()), longestWaitMs);
  await room.enter(bytes, AbortSignal.any([late.signal, gone])).finally(() => clearTimeout(timer));
}

function refuseOverload() {
  return refusal('OVERLOADED', 'too many bytes of requests are in memory; try again later');
}
