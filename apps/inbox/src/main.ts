/**
 * inbox - catches mail in development, shows it, and misbehaves on request
 *
 * Takes      SMTP on inbox.smtp, from the sender or any client; never asks for a login.
 * Does       keeps the last mails in memory; follows the script of /api/chaos or inbox.script: refuses, delays, drops, loses replies.
 *            Takes mails apart in a thread, for which this same file is started.
 * Hands to   whoever asks on inbox.http, by a page and by MailHog's API. No mail ever leaves it.
 * Never      runs in production: it takes everything, shows it to everyone, and forgets it all when it ends.
 * Watch      /readyz for SMTP. It has no metrics: nothing depends on it.
 * Ends       on SIGTERM or SIGINT, or when its parent is gone.
 */
import { isMainThread, parentPort } from 'node:worker_threads';
import { formatAddress, loadConfig, helpFor } from '@posthaste/config';
import { aborted, createLog, runProgram, systemClock } from '@posthaste/telemetry';
import { loadScript } from './chaos.ts';
import { inboxSettings } from './config.ts';
import { serveReadings } from './reading/thread.ts';
import { createInbox } from './server.ts';

async function main(stopping: AbortSignal): Promise<void> {
  const help = helpFor(process.argv, inboxSettings);
  if (help !== undefined) return console.log(help);
  const config = loadConfig(inboxSettings, { argv: process.argv.slice(2), env: process.env });
  const { values } = config;
  const log = createLog({ program: 'inbox', level: values['log.level'] });
  log.info('settings in force', { settings: config.describe().split('\n') });
  const scriptPath = values['inbox.script'];
  const script = scriptPath === undefined ? {} : await loadScript(scriptPath);
  const limits = { maxMails: values['inbox.keep'], maxBytes: values['inbox.keepBytes'] };
  const inbox = createInbox({ limits, script, allowedHosts: values['inbox.hosts'], program: import.meta.filename, log, clock: systemClock });
  const bound = await inbox.listen({ smtp: values['inbox.smtp'], http: values['inbox.http'] });
  log.info('listening', { smtp: formatAddress(bound.smtp), http: formatAddress(bound.http) });
  await aborted(stopping);
  log.info('closing');
  await inbox.close();
}

if (isMainThread) runProgram('inbox', process.env['POSTHASTE_PARENT_FD'], main);
else if (parentPort !== null) serveReadings(parentPort);
