import { join } from 'node:path';
import { nodeFlags } from '@posthaste/config';
import { Remote } from '../../remote.ts';
import { installPeers } from '../npm-packages.ts';
import type { Peer, PeerOptions, RunningPeer } from '../peer.ts';
import { prepareRedis, startRedis } from '../redis.ts';
import type { BullMail } from './library.ts';
import type { ProducerMethods } from './producer-process.ts';
import type { WorkerMethods } from './worker-process.ts';

const promise = 'in memory; fsynced within a second';

/** Producer, Redis and worker, each a process, and as many connections upstream as our sender has. */
export const bullmqRaw: Peer = { name: 'BullMQ 6.7 + nodemailer, raw', promise, prepare, start: (options) => start(options, 'raw') };

/** The same with nodemailer building the MIME message, as most applications have it. */
export const bullmqBuilt: Peer = { name: 'BullMQ 6.7 + nodemailer, built', promise, prepare, start: (options) => start(options, 'built') };

const connections = 20;

async function prepare(folder: string): Promise<void> {
  await installPeers(join(folder, 'npm'));
  await prepareRedis(folder);
}

async function start({ installed, folder, upstreamPort }: PeerOptions, kind: BullMail['kind']): Promise<RunningPeer> {
  const redis = await startRedis(installed, folder);
  // Whoever hands mail in does so with the same settings, here and for ours.
  const producer = new Remote<ProducerMethods>('bullmq producer', join(import.meta.dirname, 'producer-process.ts'), nodeFlags);
  const worker = new Remote<WorkerMethods>('bullmq worker', join(import.meta.dirname, 'worker-process.ts'));
  const stop = async () => {
    producer.end();
    worker.end();
    await redis.stop();
  };
  await worker.ask('work', { installed, redisPort: redis.port, upstreamPort, connections }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { send: (order) => producer.ask('produce', { ...order, installed, redisPort: redis.port, kind }), stop };
}
