import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findNatsServer, type FoundServer } from '@posthaste/stream/server';
import type { LoadMethods } from './load/process.ts';
import type { Options } from './options.ts';
import { findPostfixTools, type PostfixTools } from './postfix/tools.ts';
import { Remote } from './remote.ts';
import type { SinkMethods } from './sink/process.ts';
import { bundledPrograms, type ProgramFiles, sourcePrograms } from './system/program-files.ts';
import { type Mode, System } from './system/system.ts';

/** What all scenarios share: load and sink in processes of their own, and all that a system needs to start. */
export interface Rig {
  readonly options: Options;
  readonly nats: FoundServer;
  readonly folder: string;
  readonly load: Remote<LoadMethods>;
  readonly sink: Remote<SinkMethods>;
  readonly upstreamPort: number;
  readonly files: ProgramFiles;
  /** Undefined: not present, or not wanted. */
  readonly postfix: PostfixTools | undefined;
  /** Tells how far it is. */
  say(line: string): void;
}

export async function buildRig(options: Options, say: (line: string) => void): Promise<Rig> {
  const nats = await findNatsServer({ env: process.env, onFetch: say });
  const folder = mkdtempSync(join(makeFolder(options.folder ?? tmpdir()), 'posthaste-bench-'));
  const files = options.fromSource ? sourcePrograms() : await bundledPrograms(join(folder, 'programs'));
  const load = new Remote<LoadMethods>('load', join(import.meta.dirname, 'load/process.ts'));
  const sink = new Remote<SinkMethods>('sink', join(import.meta.dirname, 'sink/process.ts'));
  const upstreamPort = await sink.ask('listen', 0);
  const postfix = options.ownTools ? undefined : findPostfixTools(process.env['PATH']);
  return { options, nats, folder, load, sink, upstreamPort, files, postfix, say };
}

export function closeRig(rig: Rig): void {
  rig.load.end();
  rig.sink.end();
  if (rig.options.keep) rig.say(`left behind: ${rig.folder}`);
  else rmSync(rig.folder, { recursive: true, force: true });
}

/** What a system of one scenario has beside our own sink, `main`. */
export interface Extra {
  readonly upstreams?: Readonly<Record<string, number>>;
  readonly routes?: string;
}

/** A system on empty streams, for as long as `use` takes; its folder goes with it. */
export async function withSystem<T>(rig: Rig, mode: Mode, use: (system: System) => Promise<T>, extra: Extra = {}): Promise<T> {
  const folder = join(rig.folder, mode);
  const { files, nats } = rig;
  const upstreams = { main: rig.upstreamPort, ...extra.upstreams };
  const system = await System.start({ ...extra, mode, folder, natsBinary: nats.binary, files, upstreams });
  try {
    return await use(system);
  } finally {
    await system.stop();
    if (!rig.options.keep) rmSync(folder, { recursive: true, force: true });
  }
}

function makeFolder(path: string): string {
  mkdirSync(path, { recursive: true });
  return path;
}
