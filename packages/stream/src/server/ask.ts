import { once } from 'node:events';
import { connect } from 'node:net';
import { isUsable } from './version.ts';

/** What a nats-server says of itself to whoever connects. */
export interface ServerInfo {
  readonly version: string;
  readonly jetstream: boolean;
  /** Whether its version is one that we can use. */
  readonly usable: boolean;
}

/** Connects, reads the first line, and goes. No credentials are needed for that. Rejects when nothing answers, or something else does. */
export async function askServer(address: { readonly host: string; readonly port: number }, signal: AbortSignal): Promise<ServerInfo> {
  const socket = connect(address.port, address.host);
  try {
    const [bytes] = (await once(socket, 'data', { signal })) as [Buffer];
    const [, json] = /^INFO (\{.*\})/.exec(bytes.toString('utf8')) ?? [];
    if (json === undefined) throw new Error('what answers is no nats-server');
    const { version, jetstream = false } = JSON.parse(json) as { version: string; jetstream?: boolean };
    return { version, jetstream, usable: isUsable(version) };
  } finally {
    socket.destroy();
  }
}
