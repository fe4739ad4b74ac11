/**
 * relay - the SMTP front door
 *
 * Takes      SMTP submissions on relay.listen.
 * Does       checks envelope and headers, gives an id, stores mail and ticket (nats.url), and only then answers 250 with the id.
 * Hands to   MAIL, or WAIT for what is due much later; the scheduler reads them.
 * Never      decides when or where; answers 5xx for our own trouble; looks into a body.
 * Watch      posthaste_refused_total (FULL, AWAY), posthaste_accept_seconds, posthaste_accepted_total.
 * Ends       on SIGTERM or SIGINT, or when its parent is gone: takes nothing new, and finishes the transactions in flight.
 */
import { once } from 'node:events';
import { type Config, formatAddress, loadConfig, helpFor } from '@posthaste/config';
import { connectStream, createPublisher, watchFill, type StreamConnection } from '@posthaste/stream';
import { createDoor, Repeats } from '@posthaste/submission';
import { createAdminServer, createLog, createMailLog, describeError, exitWithParent, systemClock, type Log } from '@posthaste/telemetry';
import { relaySettings } from './config.ts';
import { Relay } from './server.ts';

type RelayConfig = Config<typeof relaySettings>['values'];

async function main(): Promise<void> {
  const help = helpFor(process.argv, relaySettings);
  if (help !== undefined) return console.log(help);
  const config = loadConfig(relaySettings, { argv: process.argv.slice(2), env: process.env });
  const { values } = config;
  const log = createLog({ program: 'relay', level: values['log.level'] });
  log.info('settings in force', { settings: config.describe().split('\n') });
  const stopping = stopSignal();
  const connection = await connectStream({ url: values['nats.url'], name: 'relay', log, clock: systemClock });
  const { relay, close } = build(values, connection, log);
  const admin = createAdminServer({ ready: () => connection.connected && relay.listening });
  admin.listen(values['relay.admin'].port, values['relay.admin'].host);
  await once(admin, 'listening');
  log.info('listening', { smtp: formatAddress(await relay.listen(values['relay.listen'])), admin: formatAddress(values['relay.admin']) });
  await stopping;
  log.info('draining');
  await relay.drain(values['relay.drainTimeout']);
  await close();
  admin.close();
  admin.closeAllConnections();
}

function build(values: RelayConfig, connection: StreamConnection, log: Log): { relay: Relay; close: () => Promise<void> } {
  const clock = systemClock;
  const publisher = createPublisher(connection, { clock, log, mode: values['storage.durability'], retryForMs: values['relay.retryFor'] });
  const fill = watchFill(connection, { partition: 0, clock, log });
  const hostname = values['relay.hostname'];
  const limits = { maxBytes: values['relay.maxSize'], maxRecipients: values['limits.recipients'], inlineBytes: values['limits.inline'] };
  const windowMs = values['dedupe.window'];
  const repeats = windowMs > 0 ? { repeats: new Repeats({ connection, partition: 0, clock, windowMs }) } : {};
  const relay = new Relay({
    door: createDoor({ publisher, fill, clock, name: 'smtp', hostname, limits, ...repeats }),
    clock,
    log,
    mailLog: createMailLog({ program: 'relay', addresses: values['log.addresses'] }),
    hostname,
    maxConnections: values['relay.maxConnections'],
    idleTimeoutMs: values['relay.idleTimeout'],
    dataTimeoutMs: values['relay.dataTimeout'],
  });
  const close = async () => {
    fill.close();
    await connection.close();
  };
  return { relay, close };
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
    exitWithParent(process.env['POSTHASTE_PARENT_FD'], () => resolve());
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`relay: ${describeError(error)}\n`);
  process.exit(1);
});
