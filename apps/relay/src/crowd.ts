import type { Socket } from 'node:net';
import type { Clock } from '@posthaste/telemetry';
import { connectionsNow } from './metrics.ts';
import { clientAddress, clientKey, type Networks } from './networks.ts';
import { refusal, type NegativeReply } from './reply.ts';

export interface CrowdOptions {
  readonly clock: Clock;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Not counted one by one: whoever is trusted may well be a proxy, or an application with many workers. */
  readonly trusted: Networks;
}

interface Place {
  readonly key: string;
  /** On the monotonic clock. */
  readonly since: number;
}

/** All sockets of all listeners, from their first byte on, so that a client that never ends its TLS handshake counts too. */
export class Crowd {
  readonly #options: CrowdOptions;
  readonly #places = new Map<Socket, Place>();
  readonly #byKey = new Map<string, number>();

  constructor(options: CrowdOptions) {
    this.#options = options;
  }

  /** Lets it in, or answers why not. */
  admit(socket: Socket): NegativeReply | undefined {
    const { clock, maxConnections, maxConnectionsPerAddress, trusted } = this.#options;
    const address = clientAddress(socket);
    const key = clientKey(address);
    const here = this.#byKey.get(key) ?? 0;
    if (this.#places.size >= maxConnections) return refusal('TOO_MANY_CONNECTIONS', 'too many connections, try again in a moment');
    if (here >= maxConnectionsPerAddress && !trusted.has(address))
      return refusal('TOO_MANY_CONNECTIONS_OF_ADDRESS', 'too many connections from your address, close some first');
    this.#places.set(socket, { key, since: clock.monotonic() });
    this.#byKey.set(key, here + 1);
    connectionsNow.set(this.#places.size);
    this.follow(socket);
    return undefined;
  }

  /** Learns of its end. To be called again whenever its listeners were taken away. */
  follow(socket: Socket): void {
    socket.once('close', () => this.#leave(socket));
  }

  ageMs(socket: Socket): number {
    const since = this.#places.get(socket)?.since;
    return since === undefined ? 0 : this.#options.clock.monotonic() - since;
  }

  /** Ends all that are still there. */
  disperse(): void {
    for (const socket of this.#places.keys()) socket.destroy();
  }

  #leave(socket: Socket): void {
    const place = this.#places.get(socket);
    if (!place) return;
    this.#places.delete(socket);
    const left = (this.#byKey.get(place.key) ?? 1) - 1;
    if (left > 0) this.#byKey.set(place.key, left);
    else this.#byKey.delete(place.key);
    connectionsNow.set(this.#places.size);
  }
}
