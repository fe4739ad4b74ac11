#!/usr/bin/env node
/**
 * posthaste: the command of those who run it and of those who ask it.
 *
 * Takes: a verb and its flags; settings also from a file and from POSTHASTE_* variables.
 * Does: `up` starts nats-server and all programs as child processes, keeps them running, and stops them in order; `status` tells where a mail is.
 * Hands to: the programs under apps/, by environment; the api, by its public contract alone.
 * Never: touches mail, streams or the ledger itself.
 * Watch: nothing of its own; each program that `up` starts has its metrics at the address that `up` prints.
 * Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 not allowed, 5 conflict, 6 unavailable, 130 interrupted.
 */
import { ConfigError, didYouMean } from '@posthaste/config';
import { describeError } from '@posthaste/telemetry';
import { exitCode, UsageError } from './exit-code.ts';
import { settings, settingsHelp } from './settings.ts';
import { status, statusHelp } from './status.ts';
import { up, upHelp } from './up.ts';
import { version } from './version.ts';

const help = `posthaste: asynchronous email delivery

  posthaste up             start everything and keep it running
  posthaste status <id>    where a mail is, and why it is not there yet
  posthaste settings       what can be set
  posthaste version        versions of posthaste, node and nats-server

posthaste <verb> --help tells more.`;

const verbs = ['up', 'status', 'settings', 'version', 'help'];

async function run(argv: readonly string[]): Promise<number> {
  const [verb, ...rest] = argv;
  const asksHelp = rest.includes('--help') || rest.includes('-h');
  switch (verb) {
    case 'up':
      return asksHelp ? print(upHelp) : up(rest, process.env);
    case 'status':
      return asksHelp ? print(statusHelp) : status(rest, process.env, print);
    case 'settings':
      return print(asksHelp ? settingsHelp : settings(rest));
    case 'version':
    case '--version':
      return print(await version(process.env));
    case 'help':
    case '--help':
    case '-h':
      return print(help);
    case undefined:
      throw new UsageError(`a verb is missing\n\n${help}`);
    default:
      throw new UsageError(`unknown verb '${verb}'${didYouMean(verb, verbs)}; posthaste --help lists them`);
  }
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return exitCode.ok;
}

function explain(error: unknown): number {
  process.stderr.write(`posthaste: ${describeError(error)}\n`);
  return error instanceof ConfigError || error instanceof UsageError ? exitCode.usage : exitCode.failed;
}

process.exitCode = await run(process.argv.slice(2)).catch(explain);
