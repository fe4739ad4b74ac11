/**
 * posthaste-scheduler: what goes when, and what came of it.
 *
 * takes     tickets (the headers of MAIL and WAIT), reports of senders, lookups of the api
 * does      is the only one that decides and the only one that journals; creates and verifies the streams; removes finished mail
 * hands to  senders, in batches, on the stream that each of them opens; JOURNAL, which the ledger reads
 * never     parses or changes a body, opens a connection to an upstream
 * standby   several may run for a partition: one owns it by lease, the others wait
 * watch     posthaste_scheduler_owner, posthaste_depth, posthaste_oldest_age_seconds, posthaste_unread,
 *           posthaste_conservation_difference (0, or something is wrong), posthaste_doubted_total
 */
import { ServerCredentials } from '@grpc/grpc-js';
import { formatAddress, loadConfig } from '@posthaste/config';
import { connectStream, ensureStreams } from '@posthaste/stream';
import { createAdminServer, createLog, createMailLog, exitWithParent, systemClock, type Log } from '@posthaste/telemetry';
import { schedulerSettings } from './config.ts';
import { createScheduler } from './server.ts';

const { values, describe } = loadConfig(schedulerSettings, { argv: process.argv.slice(2), env: process.env });
const log = createLog({ program: 'scheduler', level: values['log.level'] });
const mailLog = createMailLog({ program: 'scheduler', addresses: values['log.addresses'] });
const clock = systemClock;
log.info('settings in force', { settings: describe().split('\n') });

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
exitWithParent(process.env['POSTHASTE_PARENT_FD']);

const connection = await connectStream({ url: values['nats.url'], name: 'posthaste-scheduler', log, clock });
const partition = values['scheduler.partition'];
const scheduler = createScheduler({
  connection,
  partition,
  address: formatAddress(values['scheduler.listen']),
  leaseTtlMs: values['scheduler.leaseTtl'],
  durability: values['storage.durability'],
  upstreams: Object.keys(values.upstreams),
  routes: values.routes,
  retryDelaysMs: values['scheduler.retryDelays'],
  senderLeaseMs: values['scheduler.senderLease'],
  pinnedFloor: values['scheduler.pinnedFloor'] / 100,
  checkpointEveryMs: values['scheduler.checkpointEvery'],
  checkpointEvents: values['scheduler.checkpointEvents'],
  historyMs: values['scheduler.journalHistory'],
  clock,
  log,
  mailLog,
});

const admin = createAdminServer({ ready: () => scheduler.owning });
admin.listen(values['scheduler.admin'].port, values['scheduler.admin'].host);
await prepareStreams(log);
await bind(formatAddress(values['scheduler.listen']));
log.info('listening', { dispatch: formatAddress(values['scheduler.listen']), admin: formatAddress(values['scheduler.admin']) });
await scheduler.run(stop.signal);

log.info('stopped');
scheduler.server.forceShutdown();
admin.close();
await connection.close();

/** NATS may be starting, or electing a leader: the streams are asked for until they are there. */
async function prepareStreams(log: Log): Promise<void> {
  const limits = { replicas: values['limits.replicas'], tickets: values['limits.tickets'], tenantMessages: values['limits.tenant'] };
  const storage = values['limits.storage'];
  while (!stop.signal.aborted) {
    try {
      return await ensureStreams(connection, { partition, limits, ...(storage === undefined ? {} : { storageBytes: storage }) });
    } catch (error) {
      log.warn('the streams cannot be created or verified now', { error });
      await clock.sleep(1_000, stop.signal).catch(() => {});
    }
  }
}

function bind(address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    scheduler.server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port)));
  });
}
