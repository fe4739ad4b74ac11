/**
 * relay - the SMTP front door
 *
 * Takes      SMTP submissions on relay.listen (STARTTLS when there is a certificate) and relay.listenTls.
 * Does       logs users in (relay.users), checks envelope and headers, gives an id, stores mail and ticket (nats.url), and only then answers 250 with the id.
 * Hands to   MAIL, or WAIT for what is due much later; the scheduler reads them.
 * Never      decides when or where; answers 5xx for our own trouble; looks into a body.
 * Watch      posthaste_refused_total (FULL, AWAY), posthaste_accept_seconds, posthaste_accepted_total, posthaste_relay_refusals_total,
 *            posthaste_relay_certificate_expires_timestamp_seconds, posthaste_relay_stale_file.
 * Reloads    certificate and users when their files change, and on SIGHUP.
 * Ends       on SIGTERM or SIGINT, or when its parent is gone: takes nothing new, and finishes the transactions in flight.
 */
import { type Config, formatAddress, loadConfig, helpWithFiles } from '@posthaste/config';
import { LaneTable } from '@posthaste/core';
import { connectStream, createPublisher, watchFill, type FillWatch, type StreamConnection } from '@posthaste/stream';
import { createDoor, Repeats, type Door } from '@posthaste/submission';
import {
  aborted,
  createAdminServer,
  createLog,
  createMailLog,
  createTracing,
  runProgram,
  systemClock,
  type Log,
  type Tracing,
} from '@posthaste/telemetry';
import manifest from '../package.json' with { type: 'json' };
import { openCertificate, type Certificate } from './certificate.ts';
import { relaySettings } from './config.ts';
import type { LiveFile } from './live-file.ts';
import { certificateSettings, faultsOfFiles, openedFor, usersSetting } from './needed-files.ts';
import { Logins, openUsers, type Users } from './logins.ts';
import { policyFrom } from './policy.ts';
import { Relay } from './server.ts';

type RelayConfig = Config<typeof relaySettings>['values'];

async function main(stopping: AbortSignal): Promise<void> {
  const help = await helpWithFiles(process.argv, relaySettings, faultsOfFiles);
  if (help !== undefined) return console.log(help);
  const config = loadConfig(relaySettings, { argv: process.argv.slice(2), env: process.env });
  const { values } = config;
  const log = createLog({ program: 'relay', level: values['log.level'] });
  log.info('settings in force', { settings: config.describe().split('\n') });
  const files = await openFiles(values, log);
  const connection = await connectStream({ url: values['nats.url'], name: 'relay', log, clock: systemClock, signal: stopping });
  const tracing = await createTracing({ program: 'relay', version: manifest.version, env: process.env });
  const { relay, close } = build(values, files, connection, tracing, log);
  const admin = createAdminServer({ ready: () => connection.connected && relay.listening, draining: stopping });
  await admin.listen(values['relay.admin']);
  log.info('listening', { ...(await listen(relay, values)), admin: formatAddress(values['relay.admin']) });
  await aborted(stopping);
  log.info('draining');
  await relay.drain(values['relay.drainTimeout']);
  await close();
  await tracing.close();
  await admin.close();
}

interface Built {
  readonly relay: Relay;
  close(): Promise<void>;
}

interface Files {
  readonly certificate?: LiveFile<Certificate>;
  readonly users?: LiveFile<Users>;
}

/** Read once now: with a file that cannot be taken nothing starts. */
async function openFiles(values: RelayConfig, log: Log): Promise<Files> {
  const { 'relay.tlsCert': certPath, 'relay.tlsKey': keyPath, 'relay.users': usersPath } = values;
  const lanes = new LaneTable(values['lanes.further']);
  const files: Files = {
    ...(certPath && keyPath && { certificate: await openedFor(certificateSettings, openCertificate({ certPath, keyPath }, systemClock, log)) }),
    ...(usersPath && { users: await openedFor(usersSetting(usersPath), openUsers(usersPath, systemClock, log, lanes)) }),
  };
  // Without a listener SIGHUP would end the program.
  process.on('SIGHUP', () => {
    log.info('SIGHUP: reading certificate and users anew');
    void Promise.all([files.certificate?.reload(), files.users?.reload()]);
  });
  return files;
}

function build(values: RelayConfig, { certificate, users }: Files, connection: StreamConnection, tracing: Tracing, log: Log): Built {
  const clock = systemClock;
  const { door, fill } = openDoor(values, connection, tracing, log);
  const relay = new Relay({
    door,
    clock,
    log,
    mailLog: createMailLog({ program: 'relay', addresses: values['log.addresses'] }),
    hostname: values['relay.hostname'],
    policy: policyFrom(values),
    tlsMinVersion: values['relay.tlsMinVersion'],
    ...(certificate && { certificate }),
    ...(users && { logins: loginsOf(values, users) }),
  });
  const close = async () => {
    certificate?.close();
    users?.close();
    fill.close();
    await connection.close();
  };
  return { relay, close };
}

function openDoor(values: RelayConfig, connection: StreamConnection, tracing: Tracing, log: Log): { door: Door; fill: FillWatch } {
  const clock = systemClock;
  const { partitions } = values;
  const publisher = createPublisher(connection, { clock, log, mode: values['storage.durability'], retryForMs: values['relay.retryFor'] });
  const fill = watchFill(connection, { partitions, clock, log });
  const limits = {
    maxBytes: values['relay.maxSize'],
    maxHeaderBytes: values['relay.maxHeaderSize'],
    maxRecipients: values['limits.recipients'],
    inlineBytes: values['limits.inline'],
  };
  const lanes = new LaneTable(values['lanes.further']);
  const windowMs = values['dedupe.window'];
  const repeats = windowMs > 0 ? { repeats: new Repeats({ connection, clock, windowMs }) } : {};
  const door = createDoor({
    publisher,
    fill,
    clock,
    name: 'smtp',
    hostname: values['relay.hostname'],
    limits,
    lanes,
    partitions,
    tracing,
    ...repeats,
  });
  return { door, fill };
}

function loginsOf(values: RelayConfig, users: LiveFile<Users>): Logins {
  const { 'relay.maxFailedLoginsPerAddress': maxFailuresPerAddress, 'relay.failedLoginWindow': failureWindowMs } = values;
  return new Logins({ users, clock: systemClock, maxFailuresPerAddress, failureWindowMs });
}

async function listen(relay: Relay, values: RelayConfig): Promise<{ smtp: string; smtps?: string }> {
  const smtp = formatAddress(await relay.listen(values['relay.listen']));
  const tls = values['relay.listenTls'];
  return { smtp, ...(tls && { smtps: formatAddress(await relay.listenTls(tls)) }) };
}

runProgram('relay', process.env['POSTHASTE_PARENT_FD'], main);
