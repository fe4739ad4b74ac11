import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type NatsServer, startNatsServer } from '@posthaste/stream/server';
import { choosePorts, listeningOn, type ProgramPorts } from '@posthaste/testkit';
import { type ProgramFiles, programNames } from './program-files.ts';
import { Program } from './program.ts';
import { readUsage, resetPeak, type Usage } from './usage.ts';

export type Mode = 'durable' | 'fast';

export interface SystemOptions {
  readonly mode: Mode;
  /** A folder of its own for streams, ledger and logs. */
  readonly folder: string;
  readonly natsBinary: string;
  /** The file of each program. */
  readonly files: ProgramFiles;
  /** Where mail goes; the first one takes what no route names. */
  readonly upstreams: Readonly<Record<string, number>>;
  /** As the setting `routes` has them. */
  readonly routes?: string;
}

/** To each upstream: as many as the sender keeps by default. */
const upstreamConnections = 20;

/** All programs on one nats-server, with ledger and mail log on. */
export class System {
  readonly relayPort: number;
  readonly grpcPort: number;
  /** REST, and the rest of the api. */
  readonly webPort: number;
  readonly #nats: NatsServer;
  /** In the order in which they start; they stop in the other one. */
  readonly #programs: readonly Program[];

  private constructor(nats: NatsServer, programs: readonly Program[], ports: ProgramPorts) {
    this.#nats = nats;
    this.#programs = programs;
    this.relayPort = ports['relay.listen'];
    this.grpcPort = ports['api.grpc'];
    this.webPort = ports['api.listen'];
  }

  static async start(options: SystemOptions): Promise<System> {
    const { mode, folder, natsBinary } = options;
    mkdirSync(folder, { recursive: true });
    const nats = await startNatsServer({ binary: natsBinary, dataDir: join(folder, 'nats'), durability: mode });
    const ports = await choosePorts();
    const settings = settingsOf(options, nats.url, ports);
    const programs = programNames.map(
      (name) => new Program({ name, settings, file: options.files[name], logFile: join(folder, `${name}.log`), adminPort: ports[`${name}.admin`] }),
    );
    const system = new System(nats, programs, ports);
    await Promise.all(programs.map((program) => program.whenReady())).catch(async (error: unknown) => {
      await system.stop();
      throw error;
    });
    return system;
  }

  /** By program, nats too. */
  usage(): Readonly<Record<string, Usage>> {
    return Object.fromEntries(this.#pids().map(([name, pid]) => [name, readUsage(pid)]));
  }

  resetPeaks(): void {
    for (const [, pid] of this.#pids()) resetPeak(pid);
  }

  async stop(): Promise<void> {
    for (const program of this.#programs.toReversed()) await program.stop();
    await this.#nats.stop();
  }

  #pids(): readonly (readonly [string, number])[] {
    return [['nats', this.#nats.pid], ...this.#programs.map(({ name, pid }) => [name, pid] as const)];
  }
}

function settingsOf({ mode, folder, upstreams, routes }: SystemOptions, natsUrl: string, ports: ProgramPorts): Record<string, string> {
  return {
    'nats.url': natsUrl,
    'storage.durability': mode,
    upstreams: Object.entries(upstreams)
      .map(([name, port]) => `${name}=smtp://127.0.0.1:${port}?connections=${upstreamConnections}`)
      .join(','),
    ...(routes === undefined ? {} : { routes }),
    'sender.scheduler': `127.0.0.1:${ports['scheduler.listen']}`,
    'api.scheduler': `127.0.0.1:${ports['scheduler.listen']}`,
    'api.ledger': join(folder, 'ledger.sqlite'),
    ...listeningOn(ports),
  };
}
