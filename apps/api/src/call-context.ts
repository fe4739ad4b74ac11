import { createContextKey, type HandlerContext } from '@connectrpc/connect';

/** The client's IP address; undefined when it is gone already. */
export const clientAddress = createContextKey<string | undefined>(undefined);

/** Whether the call came by REST and was translated. */
export const overRest = createContextKey<boolean>(false);

/** A context that finds one header without making a `Headers` of all. */
export interface HeaderReader {
  readHeader(name: string): string | null;
}

/** A header of the call as `Headers` would give it. Most calls have none of those that are looked for, so looking is to cost little. */
export function requestHeaderOf(context: Pick<HandlerContext, 'requestHeader'> & Partial<HeaderReader>, name: string): string | null {
  return context.readHeader ? context.readHeader(name) : context.requestHeader.get(name);
}
