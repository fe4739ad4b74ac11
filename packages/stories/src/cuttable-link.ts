import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A TCP forwarder in front of a server, whose connections can be cut. */
export interface CuttableLink {
  readonly port: number;
  /** Resets every connection that is open now; new ones are let through. Answers how many there were. */
  cut(): number;
  /** New connections go to another server; open ones stay as they are. */
  retarget(port: number): void;
  close(): Promise<void>;
}

export async function startCuttableLink(port: number, target: number): Promise<CuttableLink> {
  let current = target;
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer({ noDelay: true }, (client) => {
    const pair = [client, connect({ port: current, host: '127.0.0.1', noDelay: true })] as const;
    pairs.add(pair);
    join(pair, () => pairs.delete(pair));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    const count = pairs.size;
    for (const pair of pairs) for (const socket of pair) socket.destroy();
    return count;
  };
  return {
    port,
    cut,
    retarget: (next) => void (current = next),
    async close() {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}

function join(pair: readonly [Socket, Socket], ended: () => void): void {
  const [one, other] = pair;
  one.pipe(other).pipe(one);
  for (const socket of pair) {
    // Either end's trouble is the other end's: 'close' follows and passes it on.
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const half of pair) half.destroy();
      ended();
    });
  }
}
