/**
 * inbox - catches mail in development, shows it, and misbehaves on request
 *
 * Takes      SMTP on inbox.smtp, from the sender or any client; never asks for a login.
 * Does       keeps the last mails in memory; follows the script of /chaos or inbox.script: refuses, delays, drops, loses replies.
 * Hands to   whoever asks on inbox.http, by MailHog's read API (GET /api/v2/messages). No mail ever leaves it.
 * Never      runs in production: it takes everything, shows it to everyone, and forgets it all when it ends.
 * Watch      /readyz for SMTP. It has no metrics: nothing depends on it.
 * Ends       on SIGTERM or SIGINT, or when its parent is gone.
 */
import { formatAddress, loadConfig, helpFor } from '@posthaste/config';
import { createLog, describeError, exitWithParent, systemClock } from '@posthaste/telemetry';
import { loadScript } from './chaos.ts';
import { inboxSettings } from './config.ts';
import { createInbox } from './server.ts';

async function main(): Promise<void> {
  const help = helpFor(process.argv, inboxSettings);
  if (help !== undefined) return console.log(help);
  const config = loadConfig(inboxSettings, { argv: process.argv.slice(2), env: process.env });
  const { values } = config;
  const log = createLog({ program: 'inbox', level: values['log.level'] });
  log.info('settings in force', { settings: config.describe().split('\n') });
  const scriptPath = values['inbox.script'];
  const script = scriptPath === undefined ? {} : await loadScript(scriptPath);
  const limits = { maxMails: values['inbox.keep'], maxBytes: values['inbox.keepBytes'] };
  const inbox = createInbox({ limits, script, log, clock: systemClock });
  const bound = await inbox.listen({ smtp: values['inbox.smtp'], http: values['inbox.http'] });
  log.info('listening', { smtp: formatAddress(bound.smtp), http: formatAddress(bound.http) });
  await stopSignal();
  log.info('closing');
  await inbox.close();
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
    exitWithParent(process.env['POSTHASTE_PARENT_FD'], () => resolve());
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`inbox: ${describeError(error)}\n`);
  process.exit(1);
});
