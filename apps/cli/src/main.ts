#!/usr/bin/env node
/**
 * posthaste: the command of those who run it and of those who ask it.
 *
 * Takes      a command and its flags; settings also from a file and from POSTHASTE_* variables. Called as `sendmail` it is sendmail.
 * Does       hands mail over, tells where it is, starts and stops the programs, looks after what ails them.
 * Hands to   the api, by its public contract alone; `up` to the programs under apps/, by their environment.
 * Never      touches mail, streams or the ledger itself; answers by another shape because its output is piped.
 * Watch      nothing of its own; `posthaste stats` and `posthaste doctor` show what the programs say.
 * Ends       with the exit codes of `posthaste help exit-codes`; sendmail with those of sysexits.h.
 */
import { enableCompileCache } from 'node:module';
import { basename } from 'node:path';
import { compileCacheFolder } from './compile-cache.ts';
import { runCommandLine, type Streams } from './command-line.ts';
import { exitCode } from './exit-code.ts';
import { paintFor } from './terminal/paint.ts';

const compiled = process.env['NODE_COMPILE_CACHE'] ?? compileCacheFolder(process.env);
if (compiled !== undefined) enableCompileCache(compiled);

const streams: Streams = {
  // The programs that `up` starts keep theirs there too.
  env: compiled === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: compiled },
  stdin: process.stdin,
  print: (text) => void process.stdout.write(`${text}\n`),
  say: (text) => void process.stderr.write(`${text}\n`),
  complain: (text) => void process.stderr.write(`${text}\n`),
  paint: paintFor(process.stdout),
  redraws: process.stdout.isTTY,
  endWithReader,
};

/** `posthaste list | head`: who read our output has read enough. */
function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => process.exit(exitCode.ok));
  process.once('SIGINT', () => process.exit(exitCode.interrupted));
}

const [, calledAs = '', ...argv] = process.argv;
process.exitCode = await runCommandLine(basename(calledAs) === 'sendmail' ? ['sendmail', ...argv] : argv, streams);
