import { type Address, formatAddress } from '@posthaste/config';
import { currentOwner, type StreamConnection } from '@posthaste/stream';

/** Where a partition's owner is reached, asked before each dialling: undefined when nobody owns it. `fixed`: where every owner is. */
export function ownerAddress(stream: StreamConnection, partition: number, fixed?: Address): () => Promise<string | undefined> {
  let last = fixed && formatAddress(fixed);
  return async () => {
    if (fixed) return last;
    try {
      last = (await currentOwner(stream, partition))?.address;
    } catch {
      // While storage is away the owner is where it was, if anywhere.
    }
    return last;
  };
}
