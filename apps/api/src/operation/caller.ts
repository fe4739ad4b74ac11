import { randomUUID } from 'node:crypto';
import type { HandlerContext } from '@connectrpc/connect';
import { clientAddress } from '../call-context.ts';

/** Who asks. Nobody is authenticated here, so what is said is believed; whoever says nothing is known by the address. */
export function authorOf({ author }: { readonly author: string }, context: Pick<HandlerContext, 'values'>): string {
  return author === '' ? (context.values.get(clientAddress) ?? 'unknown') : author;
}

export function idOr(given: string): string {
  return given === '' ? randomUUID() : given.toLowerCase();
}
