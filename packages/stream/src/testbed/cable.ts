import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A TCP connection that can be cut or jammed: a relay in front of a port of this machine. */
export interface Cable {
  readonly port: number;
  /** Breaks every connection now open; new ones work. */
  cut(): void;
  /** Lets no byte through in either direction and closes nothing, as a pulled plug does; also for new connections. */
  jam(): void;
  /** Lets new connections through again; those that were jammed stay so. */
  unjam(): void;
  close(): Promise<void>;
}

export async function layCable(targetPort: number): Promise<Cable> {
  const sockets = new Set<Socket>();
  let jammed = false;
  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => (sockets.delete(socket), other.destroy()));
      if (jammed) socket.pause();
      else socket.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => sockets.forEach((socket) => socket.destroy());
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    jam() {
      jammed = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    unjam: () => void (jammed = false),
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
