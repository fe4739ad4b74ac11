/**
 * posthaste-scheduler: what goes when, and what came of it.
 *
 * takes     tickets (the headers of MAIL and WAIT), reports of senders, lookups of the api
 * does      is the only one that decides and the only one that journals; creates and verifies the streams; removes finished mail
 * hands to  senders, in batches, on the stream that each of them opens; JOURNAL, which the ledger reads
 * never     parses or changes a body, opens a connection to an upstream
 * several   may run: each partition is owned by one of them, by lease; they share the partitions, and take over those of one that is gone
 * watch     posthaste_scheduler_owner, posthaste_depth, posthaste_late, posthaste_oldest_age_seconds,
 *           posthaste_unread, posthaste_conservation_difference (0, or something is wrong), posthaste_doubted_total, posthaste_needed_senders
 */
import { hostname } from 'node:os';
import { ServerCredentials, type Server as GrpcServer } from '@grpc/grpc-js';
import {
  type Address,
  type Config,
  ConfigError,
  enginePolicyOf,
  fleetPolicyOf,
  formatAddress,
  helpFor,
  loadConfig,
  routerOf,
} from '@posthaste/config';
import { defaultPolicy, type EnginePolicy, indivisibleLimits } from '@posthaste/core';
import { connectStream, ensureStreams, isStreamError, type StreamConnection } from '@posthaste/stream';
import { createAdminServer, createLog, createMailLog, runProgram, systemClock, type Log } from '@posthaste/telemetry';
import { schedulerSettings } from './config.ts';
import { createScheduler, type Scheduler, type SchedulerOptions } from './server.ts';

type SchedulerConfig = Config<typeof schedulerSettings>['values'];

const clock = systemClock;

async function main(stopping: AbortSignal): Promise<void> {
  const help = helpFor(process.argv, schedulerSettings);
  if (help !== undefined) return console.log(help);
  const { values, describe } = loadConfig(schedulerSettings, { argv: process.argv.slice(2), env: process.env });
  const policy = dividedPolicy(values);
  const log = createLog({ program: 'scheduler', level: values['log.level'] });
  log.info('settings in force', { settings: describe().split('\n') });
  const connection = await connectStream({ url: values['nats.url'], name: 'scheduler', log, clock, signal: stopping });
  let listening = values['scheduler.listen'];
  const scheduler = build(values, { policy, connection, address: () => reachableAt(values, listening), log });
  const admin = createAdminServer({ ready: () => scheduler.ready, draining: stopping });
  await admin.listen(values['scheduler.admin']);
  await prepareStreams(values, connection, log, stopping);
  listening = { ...listening, port: await bind(scheduler.server, formatAddress(listening)) };
  log.info('listening', {
    dispatch: formatAddress(listening),
    reachableAt: reachableAt(values, listening),
    admin: formatAddress(values['scheduler.admin']),
  });
  await scheduler.run(stopping);
  log.info('stopped');
  scheduler.server.forceShutdown();
  await admin.close();
  await connection.close();
}

/** What others dial. An address that means all of this machine's leads nowhere elsewhere: there its name does. */
function reachableAt(values: SchedulerConfig, { host, port }: Address): string {
  const isAny = host === '0.0.0.0' || host === '::';
  return formatAddress(values['scheduler.advertise'] ?? { host: isAny ? hostname() : host, port });
}

/** Each partition has its share of every limit. Throws a ConfigError for one that is too small for that. */
function dividedPolicy(values: SchedulerConfig): EnginePolicy {
  const { partitions } = values;
  const policy = enginePolicyOf(values, defaultPolicy);
  const faults = indivisibleLimits(policy, partitions);
  if (faults.length > 0)
    throw new ConfigError(faults.map((fault) => `${fault}, expected at least ${partitions}: each of the partitions has a share of it`));
  return policy;
}

type Parts = Pick<SchedulerOptions, 'policy' | 'connection' | 'address' | 'log'>;

function build(values: SchedulerConfig, parts: Parts): Scheduler {
  const ownable = values['scheduler.partitions'];
  return createScheduler({
    ...parts,
    partitions: values.partitions,
    ownable: ownable === 'auto' ? undefined : ownable,
    leaseTtlMs: values['scheduler.leaseTtl'],
    durability: values['storage.durability'],
    router: routerOf(values),
    fleet: fleetPolicyOf(values),
    checkpointEveryMs: values['scheduler.checkpointEvery'],
    checkpointEvents: values['scheduler.checkpointEvents'],
    historyMs: values['scheduler.journalHistory'],
    deadLetterAgeMs: values['deadLetters.keep'],
    clock,
    mailLog: createMailLog({ program: 'scheduler', addresses: values['log.addresses'] }),
  });
}

/** NATS may be starting, or electing a leader: the streams are asked for until they are there. Rejects when the configuration does not go with what they hold: that stays so. */
async function prepareStreams(values: SchedulerConfig, connection: StreamConnection, log: Log, stopping: AbortSignal): Promise<void> {
  const window = values['dedupe.window'];
  const limits = {
    replicas: values['limits.replicas'],
    tickets: values['limits.tickets'],
    tenantMessages: values['limits.tenant'],
    ...(window > 0 && { duplicateWindowMs: window }),
    deadLetterAgeMs: values['deadLetters.keep'],
  };
  const storage = values['limits.storage'];
  while (!stopping.aborted) {
    try {
      return await ensureStreams(connection, { partitions: values.partitions, limits, ...(storage === undefined ? {} : { storageBytes: storage }) });
    } catch (error) {
      if (isStreamError(error, 'UNFIT')) throw error;
      log.warn('the streams cannot be created or verified now', { error });
      await clock.sleep(1_000, stopping).catch(() => {});
    }
  }
}

function bind(server: GrpcServer, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port)));
  });
}

runProgram('scheduler', process.env['POSTHASTE_PARENT_FD'], main);
