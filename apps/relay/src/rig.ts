import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@posthaste/config';
import { decodeTicket, type Lane, type Ticket, LaneTable } from '@posthaste/core';
import {
  connectStream,
  createPublisher,
  ensureStreams,
  mailStream,
  readEntry,
  streamState,
  ticketHeader,
  watchFill,
  type StreamEntry,
} from '@posthaste/stream';
import { findNatsServer, startNatsServer, type NatsServer } from '@posthaste/stream/server';
import { createDoor, Repeats, type SubmissionLimits } from '@posthaste/submission';
import { silentLog, silentMailLog, systemClock as clock, type Clock, type MailLog } from '@posthaste/telemetry';
import { openDialog, testCertificate, type SmtpDialog } from '@posthaste/testkit';
import { relaySettings } from './config.ts';
import { policyFrom, type Policy } from './policy.ts';
import { Relay, type RelayOptions } from './server.ts';

export interface RigOptions extends Partial<Omit<RelayOptions, 'door' | 'clock' | 'log' | 'policy'>>, Partial<Policy> {
  readonly limits?: Partial<SubmissionLimits>;
  /** Default: the four. */
  readonly lanes?: LaneTable;
  readonly storageBytes?: number;
  readonly retryForMs?: number;
  /** Of the relay. Default: the system's. */
  readonly clock?: Clock;
  /** Default: repeated submissions are not recognised. */
  readonly windowMs?: number;
  /** Default 1. */
  readonly partitions?: number;
  /** How the publisher gathers. Default: fast. */
  readonly mode?: 'durable' | 'fast';
}

export interface Nats {
  readonly url: string;
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** For tests: a real NATS that can be killed and comes back on the same port. */
export async function startNats(): Promise<Nats> {
  const dataDir = mkdtempSync(join(tmpdir(), 'posthaste-relay-'));
  const { binary } = await findNatsServer({ env: process.env });
  const start = (port: number): Promise<NatsServer> => startNatsServer({ binary, dataDir, port, durability: 'fast', maxFileStore: 2 ** 32 });
  let server = await start(0);
  const { url, port } = server;
  return {
    url,
    async kill() {
      server.kill('SIGKILL');
      await server.exited;
    },
    async restart() {
      server = await start(port);
    },
    async stop() {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

const usualPolicy: Policy = { ...policyFrom(loadConfig(relaySettings, { argv: [], env: {} }).values), maxConnections: 20 };

/** For tests: the streams, and a relay on a free port before them. */
export async function startRig(nats: Nats, options: RigOptions = {}) {
  const {
    limits = {},
    storageBytes = 2 ** 28,
    retryForMs = 500,
    windowMs,
    mode = 'fast',
    partitions = 1,
    lanes = new LaneTable(),
    ...relayOptions
  } = options;
  const connection = await connectStream({ url: nats.url, name: 'relay-test', log: silentLog, clock });
  await ensureStreams(connection, { partitions, storageBytes });
  const publisher = createPublisher(connection, { clock, log: silentLog, mode, retryForMs });
  const fill = watchFill(connection, { partitions, clock, log: silentLog, intervalMs: 50 });
  const hostname = 'mx.example.org';
  const repeats = windowMs === undefined ? {} : { repeats: new Repeats({ connection, clock, windowMs }) };
  const door = createDoor({ publisher, fill, clock, name: 'smtp', hostname, limits, lanes, partitions, ...repeats });
  const mailLog: MailLog = options.mailLog ?? silentMailLog;
  const policy: Policy = { ...usualPolicy, ...relayOptions };
  const relay = new Relay({ hostname, clock, ...relayOptions, mailLog, policy, door, log: silentLog });
  const address = await relay.listen({ host: '127.0.0.1', port: 0 });
  const tlsAddress = options.certificate && (await relay.listenTls({ host: '127.0.0.1', port: 0 }));
  const clients: SmtpDialog[] = [];
  const dial = async (to = address): Promise<SmtpDialog> => {
    const dialog = await openDialog(to);
    clients.push(dialog);
    return dialog;
  };
  return {
    relay,
    address,
    /** Where TLS begins at once; present with a certificate. */
    tlsAddress,
    connection,
    publisher,
    fill,
    /** A client that has read the greeting and, unless it says otherwise itself, the answer to EHLO. */
    async client(hello = 'EHLO client.example'): Promise<SmtpDialog> {
      const dialog = await dial();
      await dialog.reply();
      if (hello !== '') await dialog.say(hello);
      return dialog;
    },
    dial,
    /** A client whose TLS begins with STARTTLS, or at once, and that has read the answer to its EHLO after it. */
    async tlsClient(how: 'starttls' | 'implicit' = 'starttls', ca = testCertificate.cert): Promise<SmtpDialog> {
      const dialog = await dial(how === 'implicit' ? (tlsAddress ?? address) : address);
      if (how === 'starttls') {
        await dialog.reply();
        await dialog.say('EHLO client.example');
        await dialog.say('STARTTLS');
      }
      await dialog.secure(ca);
      if (how === 'implicit') await dialog.reply();
      await dialog.say('EHLO client.example');
      return dialog;
    },
    /** Closes all clients. */
    dismiss: () => clients.splice(0).forEach((dialog) => dialog.close()),
    /** The newest entry of a stream, by default of the lane that mail takes without a wish. */
    newest: (lane: Lane = 'normal') => newestOf(mailStream(0, lane)),
    newestOf,
    async stop() {
      await relay.drain(0);
      fill.close();
      await connection.close();
    },
  };

  async function newestOf(stream: string): Promise<{ entry: StreamEntry; ticket: Ticket; text: string }> {
    const { last } = await streamState(connection, stream);
    const entry = await readEntry(connection, stream, last);
    return { entry, ticket: decodeTicket(entry.header(ticketHeader) ?? ''), text: Buffer.from(entry.body).toString('latin1') };
  }
}

/** Sends one message in a transaction of its own; answers the last reply. */
export async function sendMail(
  client: SmtpDialog,
  message: string | Buffer,
  mail = 'MAIL FROM:<a@example.org>',
  rcpt = 'RCPT TO:<b@example.net>',
): Promise<string> {
  for (const line of [mail, rcpt]) {
    const reply = await client.say(line);
    if (!reply.startsWith('250')) return reply;
  }
  await client.say('DATA');
  client.send(message);
  return client.say('\r\n.');
}

export const idOf = (reply: string): string => /^250 2\.0\.0 Ok: queued as ([0-9a-f-]{36})$/.exec(reply)?.[1] ?? `no id in ${reply}`;
