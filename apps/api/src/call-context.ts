import { createContextKey } from '@connectrpc/connect';

/** The client's IP address; undefined when it is gone already. */
export const clientAddress = createContextKey<string | undefined>(undefined);

/** Whether the call came by REST and was translated. */
export const overRest = createContextKey<boolean>(false);
