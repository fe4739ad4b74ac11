import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog, systemClock } from '@posthaste/telemetry';
import { connectStream, type StreamConnection } from '../connection.ts';
import { mailStream, mailSubject } from '../layout.ts';
import type { StreamLimits } from '../plan.ts';
import { createPublisher, type Publication, type Publisher, type PublisherOptions } from '../publisher.ts';
import { findNatsServer, startGuardian, startNatsServer, type NatsServer } from '../server/index.ts';
import { ensureStreams } from '../streams.ts';
import { layCable, type Cable } from './cable.ts';

export interface TestbedOptions {
  readonly durability?: 'durable' | 'fast';
  readonly storageBytes?: number;
  readonly limits?: Partial<StreamLimits>;
}

/** A real server with all streams of partition 0, reached directly or over a cable that can be cut. */
export interface Testbed {
  readonly cable: Cable;
  readonly direct: StreamConnection;
  connect(port?: number): Promise<StreamConnection>;
  publisher(connection: StreamConnection, options?: Partial<PublisherOptions>): Publisher;
  /** kill -9, and a new server on the same data and port. */
  crash(): Promise<void>;
  /** kill -9; returns how to start it again. */
  kill(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export async function startTestbed(options: TestbedOptions = {}): Promise<Testbed> {
  const dataDir = mkdtempSync(join(tmpdir(), 'posthaste-stream-'));
  const { binary } = await findNatsServer({ env: process.env });
  const guardian = startGuardian();
  const start = (port: number) =>
    startNatsServer({ binary, dataDir, port, durability: options.durability ?? 'durable', maxFileStore: 2 ** 30, guardian });
  let server: NatsServer = await start(0);
  const { port } = server;
  const cable = await layCable(port);
  const connections: StreamConnection[] = [];
  const connect = async (toPort = cable.port) => {
    const connection = await connectStream({ url: `nats://127.0.0.1:${toPort}`, name: 'test', log: silentLog, clock: systemClock });
    connections.push(connection);
    return connection;
  };
  const kill = async () => {
    server.kill('SIGKILL');
    await server.exited;
    return async () => void (server = await start(port));
  };
  const direct = await connect(port);
  await ensureStreams(direct, { storageBytes: options.storageBytes ?? 2 ** 29, limits: options.limits ?? {} });
  return {
    cable,
    direct,
    connect,
    publisher: (connection, given = {}) => createPublisher(connection, { clock: systemClock, log: silentLog, mode: 'durable', ...given }),
    kill,
    crash: async () => (await kill())(),
    async close() {
      await Promise.all(connections.map((connection) => connection.close()));
      await cable.close();
      await server.stop();
      guardian.release();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export function mailOf(messageId: string, body: Uint8Array = Buffer.from(`body of ${messageId}`), tenant = 'acme'): Publication {
  return {
    stream: mailStream(0, 'normal'),
    subject: mailSubject(0, 'normal', tenant),
    messageId,
    headers: { 'Posthaste-Ticket': JSON.stringify({ id: messageId }) },
    body,
  };
}
