import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '@posthaste/stream/server';
import { bullmqBuilt, bullmqRaw } from '../peers/bullmq/bullmq.ts';
import { haraka } from '../peers/haraka.ts';
import { ourselves, ourselvesByRpc } from '../peers/ourselves.ts';
import type { Peer } from '../peers/peer.ts';
import { postfix } from '../peers/postfix.ts';
import { SmtpSink } from '../postfix/smtp-sink.ts';
import type { Rig } from '../rig.ts';
import { sharedNow } from '../shared-time.ts';

export interface PeerResult {
  readonly name: string;
  readonly promise: string;
  /** Of each round. */
  readonly rounds: readonly PeerRound[];
  /** Why it did not run. */
  readonly skipped?: string;
}

export interface PeerRound {
  readonly acceptedPerSecond: number;
  readonly deliveredPerSecond: number;
  readonly delivered: number;
}

const defaultMails = 20_000;
/**
 * Servers run for weeks, so what is compared is how they work then: a shorter warm-up measures how soon the compilers of so many processes are done,
 * which costs our five more than anybody else's one or two. It ends with the first lot that is through after so long.
 */
const warmUp = { mails: 5_000, ms: 10_000 };
const rounds = 3;
const order = { sizeBytes: 10_240, sessions: 20 };
const patienceMs = 60_000;

/** In turn, round by round, so that what else the machine does falls on all of them. */
export async function runPeers(rig: Rig, onRound: (name: string, round: PeerRound) => void): Promise<readonly PeerResult[]> {
  const { postfix: tools } = rig;
  if (!tools) throw new Error("the contest's load and upstream are smtp-source and smtp-sink of postfix: put them on PATH");
  const installed = join(cacheFolder(process.env), 'bench-peers');
  mkdirSync(installed, { recursive: true });
  // Postfix runs as users of its own, who have to get through to its folder.
  chmodSync(rig.folder, 0o711);
  const contestants = [
    ourselves(rig, 'fast'),
    ourselvesByRpc(rig, 'fast'),
    bullmqRaw,
    bullmqBuilt,
    haraka,
    postfix,
    ourselves(rig, 'durable'),
  ].filter(({ name }) => isWanted(rig, name));
  const faults = new Map<Peer, string>();
  for (const peer of contestants) await peer.prepare(installed).catch((error: unknown) => faults.set(peer, wordsOf(error)));
  const results = new Map(contestants.map((peer): [Peer, PeerRound[]] => [peer, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [peer, done] of results) {
      if (faults.has(peer)) continue;
      const result = await runRound(rig, peer, installed, tools).catch((error: unknown) => void faults.set(peer, wordsOf(error)));
      if (result) done.push(result);
      if (result) onRound(peer.name, result);
    }
  }
  return [...results].map(([peer, done]) => ({ name: peer.name, promise: peer.promise, rounds: done, ...skippedBy(faults.get(peer)) }));
}

function isWanted({ options: { only } }: Rig, name: string): boolean {
  return only.length === 0 || only.some((word) => name.toLowerCase().includes(word.toLowerCase()));
}

function skippedBy(reason: string | undefined): { readonly skipped?: string } {
  return reason === undefined ? {} : { skipped: reason };
}

async function runRound(rig: Rig, peer: Peer, installed: string, tools: NonNullable<Rig['postfix']>): Promise<PeerRound> {
  const folder = join(rig.folder, 'peer');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const sink = await SmtpSink.start(tools.smtpSink, rig.folder);
  try {
    const running = await peer.start({ installed, folder, upstreamPort: sink.port, smtpSource: tools.smtpSource });
    try {
      const warmAt = sharedNow() + warmUp.ms;
      do await contest(sink, () => running.send({ ...order, mails: warmUp.mails }), warmUp.mails);
      while (sharedNow() < warmAt);
      const mails = rig.options.mails ?? defaultMails;
      return await contest(sink, () => running.send({ ...order, mails }), mails);
    } finally {
      await running.stop();
    }
  } finally {
    sink.stop();
  }
}

async function contest(
  sink: SmtpSink,
  send: () => Promise<{ readonly startedAt: number; readonly endedAt: number }>,
  mails: number,
): Promise<PeerRound> {
  const before = sink.mails;
  const { startedAt, endedAt } = await send();
  while (sink.mails - before < mails && sharedNow() - Math.max(endedAt, sink.lastAt) < patienceMs)
    await new Promise((resolve) => setTimeout(resolve, 20));
  const delivered = sink.mails - before;
  return { acceptedPerSecond: (mails * 1000) / (endedAt - startedAt), deliveredPerSecond: (delivered * 1000) / (sink.lastAt - startedAt), delivered };
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
