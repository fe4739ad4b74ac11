import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findNatsServer, type Guardian, startGuardian } from '@posthaste/stream/server';
import { eventually, freePort } from '@posthaste/testkit';

interface Node {
  readonly name: string;
  readonly clients: number;
  readonly cluster: number;
  readonly monitor: number;
  readonly guardian: Guardian;
  process?: ChildProcess;
}

/** Three nats-servers with the configuration that deploy/ ships, on ports and folders of their own. */
export class NatsCluster {
  readonly #dir: string;
  readonly #binary: string;
  readonly #nodes: readonly Node[];

  private constructor(dir: string, binary: string, nodes: readonly Node[]) {
    this.#dir = dir;
    this.#binary = binary;
    this.#nodes = nodes;
  }

  /** Started, and a leader chosen. */
  static async start(dir: string): Promise<NatsCluster> {
    const { binary } = await findNatsServer({ env: process.env });
    const nodes: Node[] = [];
    for (const name of ['nats-1', 'nats-2', 'nats-3'])
      nodes.push({ name, clients: await freePort(), cluster: await freePort(), monitor: await freePort(), guardian: startGuardian() });
    const cluster = new NatsCluster(dir, binary, nodes);
    for (const node of nodes) cluster.#launch(node);
    await Promise.all(nodes.map((node) => whenHealthy(node)));
    return cluster;
  }

  get url(): string {
    return this.#nodes.map(({ clients }) => `nats://127.0.0.1:${clients}`).join(',');
  }

  get names(): readonly string[] {
    return this.#nodes.map(({ name }) => name);
  }

  /** kill -9. */
  async kill(name: string): Promise<void> {
    const { process: running } = this.#node(name);
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    running.kill('SIGKILL');
    await once(running, 'exit');
  }

  /** Starts one that was killed, and waits until it has caught up. */
  async restart(name: string): Promise<void> {
    this.#launch(this.#node(name));
    await whenHealthy(this.#node(name));
  }

  async close(): Promise<void> {
    await Promise.all(this.names.map((name) => this.kill(name)));
    for (const { guardian } of this.#nodes) guardian.release();
  }

  #node(name: string): Node {
    const node = this.#nodes.find((candidate) => candidate.name === name);
    if (!node) throw new Error(`there is no NATS node ${name}; there are ${this.names.join(', ')}`);
    return node;
  }

  #launch(node: Node): void {
    const folder = join(this.#dir, node.name);
    mkdirSync(folder, { recursive: true });
    const config = join(folder, 'nats.conf');
    writeFileSync(config, this.#configOf(node, folder));
    const log = openSync(join(folder, 'nats.log'), 'a');
    node.process = node.guardian.spawn(this.#binary, ['-c', config], { output: log, env: { NATS_NAME: node.name } });
    closeSync(log);
  }

  /** What containers have as hosts are ports here. */
  #configOf(node: Node, folder: string): string {
    const shipped = readFileSync(resolve(import.meta.dirname, '../../../deploy/nats/cluster.conf'), 'utf8');
    const local = shipped
      .replace('0.0.0.0:4222', `127.0.0.1:${node.clients}`)
      .replace('0.0.0.0:8222', `127.0.0.1:${node.monitor}`)
      .replace('0.0.0.0:6222', `127.0.0.1:${node.cluster}`)
      .replace('/data', folder);
    return this.#nodes.reduce((text, { name, cluster }) => text.replace(`${name}:6222`, `127.0.0.1:${cluster}`), local);
  }
}

async function whenHealthy({ name, monitor }: Node): Promise<void> {
  const isHealthy = async () => (await fetch(`http://127.0.0.1:${monitor}/healthz`, { signal: AbortSignal.timeout(2_000) })).ok;
  await eventually(isHealthy, { timeoutMs: 30_000, intervalMs: 50, describe: `${name} is healthy` });
}
