import type { Rig } from '../rig.ts';
import { type Mode, System } from '../system/system.ts';
import { sendBySmtp } from './by-smtp.ts';
import type { Peer } from './peer.ts';

/** Posthaste as one of the contestants: the same client, the same upstream. */
export function ourselves(rig: Rig, mode: Mode): Peer {
  return {
    name: `Posthaste, ${mode}`,
    promise: mode === 'durable' ? 'fsynced' : 'file written, no fsync',
    prepare: async () => {},
    async start({ folder, upstreamPort, smtpSource }) {
      const { files, nats } = rig;
      const system = await System.start({ mode, folder, natsBinary: nats.binary, files, upstreams: { main: upstreamPort } });
      return { send: (order) => sendBySmtp(smtpSource, system.relayPort, order), stop: () => system.stop() };
    },
  };
}
