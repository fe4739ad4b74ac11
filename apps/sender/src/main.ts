/**
 * sender - delivers mail upstream and reports what came of it
 *
 * Takes      batches of attempts from the scheduler (gRPC; it dials the owner of each partition); bodies from the streams (nats.url).
 * Does       one SMTP transaction an attempt, over warm connections to each upstream, in the order of the batches.
 * Hands to   the scheduler: outcomes with the upstream's replies, again and again until acknowledged.
 * Never      decides on retries, keeps anything beyond its in-flight work, or sends after its lease or a mail's deadline.
 * Watch      posthaste_attempts_total, posthaste_transaction_seconds, posthaste_upstream_connections, posthaste_upstream_checks_total.
 * Ends       on SIGTERM or SIGINT, or when its parent is gone: gives back what has not begun and finishes the rest.
 */
import { loadConfig, helpFor } from '@posthaste/config';
import { connectStream } from '@posthaste/stream';
import { aborted, createAdminServer, createLog, createTracing, runProgram, systemClock } from '@posthaste/telemetry';
import manifest from '../package.json' with { type: 'json' };
import { senderSettings } from './config.ts';
import { Sender } from './server.ts';
import { readTargets } from './upstream-target.ts';

async function main(stopping: AbortSignal): Promise<void> {
  const help = helpFor(process.argv, senderSettings);
  if (help !== undefined) return console.log(help);
  const config = loadConfig(senderSettings, { argv: process.argv.slice(2), env: process.env });
  const { values } = config;
  const targets = readTargets(values.upstreams);
  const log = createLog({ program: 'sender', level: values['log.level'] });
  log.info('settings in force', { settings: config.describe().split('\n') });
  const stream = await connectStream({ url: values['nats.url'], name: 'sender', log, clock: systemClock, signal: stopping });
  const tracing = await createTracing({ program: 'sender', version: manifest.version, env: process.env });
  const sender = new Sender({
    tracing,
    stream,
    targets,
    partitions: values.partitions,
    scheduler: values['sender.scheduler'],
    id: values['sender.id'],
    hostname: values['sender.hostname'],
    prefetchBytes: values['sender.prefetch'],
    drainTimeoutMs: values['sender.drainTimeout'],
    checks: { everyMs: values['breaker.checkEvery'], timeoutMs: values['breaker.checkTimeout'] },
    clock: systemClock,
    log,
  });
  const admin = createAdminServer({ ready: () => sender.ready, draining: stopping });
  await admin.listen(values['sender.admin']);
  const running = sender.run();
  log.info('delivering', { id: sender.id, partitions: values.partitions, upstreams: targets.map(({ name }) => name) });
  await aborted(stopping);
  log.info('draining');
  await sender.drain();
  await running;
  await admin.close();
  await tracing.close();
  await stream.close();
}

runProgram('sender', process.env['POSTHASTE_PARENT_FD'], main);
