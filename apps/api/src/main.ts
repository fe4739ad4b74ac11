/**
 * api - the typed door, and the answer to "where is my mail"
 *
 * Takes      submissions, files and questions by gRPC, Connect, gRPC-Web and REST, all on api.listen; by gRPC alone on api.grpc, for volume.
 * Does       checks a submission, builds its MIME message, stores it with its ticket (nats.url), and only then answers with the id; turns JOURNAL into
 *            the ledger's rows (api.ledger), and answers status from them.
 * Hands to   MAIL, or WAIT for what is due much later; asks the scheduler about mail that the ledger does not know yet, and hands it what operators want done.
 * Never      decides when or where; writes state; waits for an upstream; answers INTERNAL for our own trouble.
 * Watch      posthaste_refused_total (FULL, AWAY), posthaste_accept_seconds, posthaste_accepted_total, posthaste_ledger_lag_seconds.
 * Ends       on SIGTERM or SIGINT, or when its parent is gone: takes nothing new, and finishes the calls in hand.
 */
import { type Config, formatAddress, loadConfig, helpFor } from '@posthaste/config';
import { LaneTable } from '@posthaste/core';
import { LiveLedger } from '@posthaste/ledger';
import { connectStream, createPublisher, watchFill, type StreamConnection } from '@posthaste/stream';
import { createDoor } from '@posthaste/submission';
import {
  aborted,
  createAdminServer,
  createLog,
  createMailLog,
  createTracing,
  runProgram,
  systemClock as clock,
  type Log,
  type Tracing,
} from '@posthaste/telemetry';
import { createAttachments } from './submission/attachments.ts';
import manifest from '../package.json' with { type: 'json' };
import { apiSettings, isLoopback, knownHosts } from './config.ts';
import { createIdempotency } from './submission/idempotency.ts';
import { rebuildOnRequest } from './status/ledger-rebuild.ts';
import { createSchedulerOperator } from './operation/scheduler-operator.ts';
import { createSchedulerLookup } from './status/scheduler-lookup.ts';
import { createApiServer } from './server.ts';

type ApiConfig = Config<typeof apiSettings>['values'];

async function main(stopping: AbortSignal): Promise<void> {
  const help = helpFor(process.argv, apiSettings);
  if (help !== undefined) return console.log(help);
  const config = loadConfig(apiSettings, { argv: process.argv.slice(2), env: process.env });
  const { values } = config;
  const log = createLog({ program: 'api', level: values['log.level'] });
  log.info('settings in force', { settings: config.describe().split('\n') });
  let ready = true;
  const connection = await connectStream({ url: values['nats.url'], name: 'api', log, clock, signal: stopping });
  const tracing = await createTracing({ program: 'api', version: manifest.version, env: process.env });
  const isReady = () => ready && connection.connected;
  const { server, ledger, close } = build(values, connection, tracing, log, isReady);
  const admin = createAdminServer({ ready: isReady, draining: stopping, routes: { 'POST /ledger/rebuild': rebuildOnRequest(ledger) } });
  await admin.listen(values['api.admin']);
  for (const name of ['api.listen', 'api.grpc'] as const)
    if (!isLoopback(values[name].host)) log.warn(`whoever reaches ${name} can send mail, and stop or cancel it: there is no authentication yet`);
  const [api, grpc] = await Promise.all([server.web.listen(values['api.listen']), server.grpc.listen(values['api.grpc'])]);
  log.info('listening', { api: formatAddress(api), grpc: formatAddress(grpc), admin: formatAddress(values['api.admin']) });
  await Promise.race([aborted(stopping), ledger.done]);
  log.info('draining');
  ready = false;
  await server.close(values['api.drainTimeout']);
  await close();
  await tracing.close();
  await admin.close();
}

function build(values: ApiConfig, connection: StreamConnection, tracing: Tracing, log: Log, ready: () => boolean) {
  const { partitions } = values;
  const publisher = createPublisher(connection, { clock, log, mode: values['storage.durability'], retryForMs: values['api.retryFor'] });
  const fill = watchFill(connection, { partitions, clock, log });
  const limits = { maxBytes: values['api.maxSize'], maxRecipients: values['limits.recipients'], inlineBytes: values['limits.inline'] };
  const lanes = new LaneTable(values['lanes.further']);
  const ledger = new LiveLedger({ path: values['api.ledger'], keepMs: values['ledger.keep'], connection, partitions, clock, log });
  const lookup = createSchedulerLookup({ connection, partitions, fixed: values['api.scheduler'], clock });
  const operator = createSchedulerOperator({ connection, partitions, fixed: values['api.scheduler'], clock });
  const door = createDoor({ publisher, fill, clock, name: 'api', hostname: values['api.hostname'], limits, lanes, partitions, tracing });
  const sources = { ledger, lookup, clock };
  const server = createApiServer({
    ...sources,
    operator,
    fill,
    door,
    attachments: createAttachments({ publisher, connection, fill, clock, maxBytes: limits.maxBytes }),
    idempotency: createIdempotency({ connection, publisher, door, sources, retryForMs: values['api.retryFor'] }),
    log,
    mailLog: createMailLog({ program: 'api', addresses: values['log.addresses'] }),
    ready,
    reflection: values['api.reflection'],
    callTimeoutMs: values['api.callTimeout'],
    requestTimeoutMs: values['api.requestTimeout'],
    idleTimeoutMs: values['api.idleTimeout'],
    maxConnections: values['api.maxConnections'],
    maxRequestBytes: values['api.maxRequest'],
    maxInFlightBytes: values['api.maxInFlight'],
    corsOrigins: values['api.corsOrigins'],
    hosts: knownHosts(values['api.hosts'], values['api.listen'].host),
  });
  const close = async () => {
    await ledger.close();
    lookup.close();
    operator.close();
    fill.close();
    await publisher.close();
    await connection.close();
  };
  return { server, ledger, close };
}

runProgram('api', process.env['POSTHASTE_PARENT_FD'], main);
