import { join } from 'node:path';
import { nodeFlags } from '@posthaste/config';
import { Remote } from '../remote.ts';
import type { Rig } from '../rig.ts';
import type { RpcLoadMethods } from '../scenario/rpc-process.ts';
import { sharedNow } from '../shared-time.ts';
import { type Mode, System } from '../system/system.ts';
import { sendBySmtp } from './by-smtp.ts';
import type { Peer, PeerOptions, RunningPeer } from './peer.ts';

const promises = { durable: 'fsynced', fast: 'file written, no fsync' } as const;

/** Posthaste as one of the contestants: the same client, the same upstream. */
export function ourselves(rig: Rig, mode: Mode): Peer {
  return {
    name: `Posthaste, ${mode}`,
    promise: promises[mode],
    prepare: async () => {},
    async start(options) {
      const system = await startSystem(rig, mode, options);
      return { send: (order) => sendBySmtp(options.smtpSource, system.relayPort, order), stop: () => system.stop() };
    },
  };
}

const mailsInACall = 20;

/** Handed in as an application hands mail to a queue's library: raw messages in batches, as many calls at a time as there are sessions. */
export function ourselvesByRpc(rig: Rig, mode: Mode): Peer {
  return {
    name: `Posthaste, ${mode}, by SubmitBatch`,
    promise: promises[mode],
    prepare: async () => {},
    start: (options) => startByRpc(rig, mode, options),
  };
}

async function startByRpc(rig: Rig, mode: Mode, options: PeerOptions): Promise<RunningPeer> {
  const system = await startSystem(rig, mode, options);
  const load = new Remote<RpcLoadMethods>('rpc load', join(import.meta.dirname, '../scenario/rpc-process.ts'), nodeFlags);
  const shape = { way: 'batch', content: 'raw', batch: mailsInACall } as const;
  return {
    async send({ mails, sizeBytes, sessions }) {
      const order = { ...shape, mails, sizeBytes, calls: sessions, port: system.grpcPort, forMs: Number.MAX_SAFE_INTEGER };
      const { startedAt, refusals } = await load.ask('generate', order);
      const [reason] = Object.keys(refusals);
      if (reason !== undefined) throw new Error(`a mail was refused: ${reason}`);
      return { startedAt, endedAt: sharedNow() };
    },
    async stop() {
      load.end();
      await system.stop();
    },
  };
}

function startSystem({ files, nats }: Rig, mode: Mode, { folder, upstreamPort }: PeerOptions): Promise<System> {
  return System.start({ mode, folder, natsBinary: nats.binary, files, upstreams: { main: upstreamPort } });
}
