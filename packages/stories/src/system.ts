import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findNatsServer, type NatsServer, startNatsServer } from '@posthaste/stream/server';
import { choosePorts, freePort, listeningOn, type FakeUpstream, type ProgramPorts, type Script, startFakeUpstream } from '@posthaste/testkit';
import { type CuttableLink, startCuttableLink } from './cuttable-link.ts';
import { NatsCluster } from './nats-cluster.ts';
import { Program, type ProgramName } from './program.ts';
import { Receipts } from './receipts.ts';

export interface SystemOptions {
  /** Default: relay, scheduler, sender. */
  readonly programs?: readonly ProgramName[];
  /** Upstreams by name, in the test's own process; the first one is where mail goes by default. Default: one, `main`. */
  readonly upstreams?: Readonly<Record<string, UpstreamOptions>>;
  /** One nats-server, or three as deploy/ has them, without the link in between. Default: one. */
  readonly nats?: 'one' | 'three';
  /** Of all programs, dotted keys. They win over what the system sets by itself. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Variables of all programs that are no settings of ours. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface UpstreamOptions {
  readonly script?: Script;
  /** How many connections the sender may open. Default 10. */
  readonly connections?: number;
  /** It takes mail after this login only, and senders are given it. */
  readonly auth?: { readonly user: string; readonly pass: string };
  /** How many all senders together may open. Default: each as many as it may. */
  readonly maxConnections?: number;
  /** Messages in any second, of all senders together. Default: no limit. */
  readonly perSecond?: number;
  /** Called when a MAIL FROM has come. */
  readonly onMailFrom?: () => void;
}

/** Whole programs on a real nats-server, in a folder of their own. */
export class System {
  readonly dir: string;
  readonly natsPort: number;
  readonly link: CuttableLink;
  readonly upstreams: Readonly<Record<string, FakeUpstream>>;
  readonly receipts: Receipts;
  readonly ports: ProgramPorts;
  readonly #options: SystemOptions;
  readonly #binary: string;
  readonly #programs = new Map<string, Program>();
  #nats: NatsServer | undefined;
  #cluster: NatsCluster | undefined;

  private constructor(options: SystemOptions, parts: Parts) {
    this.dir = parts.dir;
    this.natsPort = parts.natsPort;
    this.link = parts.link;
    this.upstreams = parts.upstreams;
    this.receipts = parts.receipts;
    this.ports = parts.ports;
    this.#options = options;
    this.#binary = parts.binary;
  }

  /** Everything but NATS and the programs: `start` starts those. */
  static async prepare(options: SystemOptions): Promise<System> {
    const { binary } = await findNatsServer({ env: process.env });
    const natsPort = await freePort();
    const link = await startCuttableLink(await freePort(), natsPort);
    const receipts = new Receipts();
    const upstreams = await startUpstreams(options.upstreams ?? { main: {} }, receipts);
    const dir = mkdtempSync(join(tmpdir(), 'posthaste-story-'));
    return new System(options, { binary, natsPort, link, receipts, upstreams, dir, ports: await choosePorts() });
  }

  /** NATS first, then the scheduler, which creates the streams, then the rest. */
  async start(): Promise<void> {
    if (this.#options.nats === 'three') this.#cluster = await NatsCluster.start(this.dir);
    else await this.startNats();
    const names = this.#options.programs ?? ['relay', 'scheduler', 'sender'];
    const programs = names.map((name) => this.add(name));
    for (const program of programs) program.launch();
    await Promise.all(programs.map((program) => program.whenReady()));
  }

  /** A program that is not started yet; a second one of its kind gets a label and settings of its own. */
  add(name: ProgramName, label: string = name, settings: Readonly<Record<string, string>> = {}): Program {
    const all = { ...this.#settings(), ...this.#options.settings, ...settings };
    const adminPort = Number(all[`${name}.admin`]?.split(':').at(-1));
    const program = new Program({ name, settings: all, env: this.#options.env ?? {}, adminPort, logFile: join(this.dir, `${label}.log`) });
    this.#programs.set(label, program);
    return program;
  }

  program(label: string): Program {
    const program = this.#programs.get(label);
    if (!program) throw new Error(`there is no program ${label} in this story; there are ${[...this.#programs.keys()].join(', ')}`);
    return program;
  }

  /** Into how many mail is divided. */
  get partitions(): number {
    return Number(this.#options.settings?.['partitions'] ?? 1);
  }

  get relay(): Program {
    return this.program('relay');
  }

  get scheduler(): Program {
    return this.program('scheduler');
  }

  get sender(): Program {
    return this.program('sender');
  }

  get upstream(): FakeUpstream {
    return this.upstreamBy(Object.keys(this.upstreams)[0] ?? '');
  }

  upstreamBy(name: string): FakeUpstream {
    const upstream = this.upstreams[name];
    if (!upstream) throw new Error(`there is no upstream ${name} in this story`);
    return upstream;
  }

  /** Without the link in between: for whoever looks at the streams while the link is cut. */
  get natsUrl(): string {
    return this.#cluster?.url ?? `nats://127.0.0.1:${this.natsPort}`;
  }

  get cluster(): NatsCluster {
    if (!this.#cluster) throw new Error("this story has one NATS; ask for three with nats: 'three'");
    return this.#cluster;
  }

  async startNats(): Promise<void> {
    this.#nats = await startNatsServer({ binary: this.#binary, dataDir: join(this.dir, 'nats'), port: this.natsPort, durability: 'durable' });
  }

  /** kill -9. */
  async killNats(): Promise<void> {
    this.#nats?.kill('SIGKILL');
    await this.#nats?.exited;
  }

  /** The last lines of every program's log, for a story that failed. */
  tails(lines = 12): string {
    return [...this.#programs]
      .map(([label, program]) => `--- ${label}${program.isRunning ? '' : ' (not running)'}\n${program.tail(lines)}`)
      .join('\n');
  }

  /** Kills what still runs, and closes what is in this process. */
  async close(): Promise<void> {
    await Promise.all([...this.#programs.values()].map((program) => program.kill()));
    await this.killNats();
    await this.#cluster?.close();
    await Promise.all([this.link.close(), ...Object.values(this.upstreams).map((upstream) => upstream.close())]);
  }

  removeDir(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  #settings(): Record<string, string> {
    const upstreams = Object.entries(this.upstreams).map(([name, { host, port }]) => {
      const { connections = 10, maxConnections, auth, perSecond } = this.#options.upstreams?.[name] ?? {};
      const login = auth ? `${encodeURIComponent(auth.user)}:${encodeURIComponent(auth.pass)}@` : '';
      const bounds = Object.entries({ connections, maxConnections, perSecond }).flatMap(([key, bound]) =>
        bound === undefined ? [] : [`${key}=${bound}`],
      );
      return `${name}=smtp://${login}${host}:${port}?${bounds.join('&')}`;
    });
    return {
      'nats.url': this.#cluster?.url ?? `nats://127.0.0.1:${this.link.port}`,
      'limits.replicas': this.#cluster ? '3' : '1',
      upstreams: upstreams.join(','),
      'api.ledger': join(this.dir, 'ledger.sqlite'),
      // A scheduler that was killed holds the partition for so long.
      'scheduler.leaseTtl': '3s',
      'scheduler.retryDelays': '200ms,200ms,200ms',
      'limits.storage': '1GiB',
      ...listeningOn(this.ports),
    };
  }
}

interface Parts extends Pick<System, 'dir' | 'natsPort' | 'link' | 'upstreams' | 'receipts' | 'ports'> {
  readonly binary: string;
}

async function startUpstreams(options: Readonly<Record<string, UpstreamOptions>>, receipts: Receipts): Promise<Record<string, FakeUpstream>> {
  const upstreams: [string, FakeUpstream][] = [];
  for (const [name, { script, auth, onMailFrom }] of Object.entries(options)) {
    const port = await freePort();
    const upstream = await startFakeUpstream({
      port,
      keepMails: false,
      onMail: (mail) => receipts.take(name, mail),
      ...(script && { script }),
      ...(auth && { auth }),
      ...(onMailFrom && { onMailFrom }),
    });
    upstreams.push([name, upstream]);
  }
  return Object.fromEntries(upstreams);
}
