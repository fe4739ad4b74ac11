import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { formatAddress, loadConfig } from '@posthaste/config';
import { configOptions, withConfig } from '../command/config-options.ts';
import { defineCommand } from '../command/command.ts';
import { option } from '../command/option.ts';
import { outputOptions } from '../command/option-sets.ts';
import { layOutDoors, upFlags, upSettings } from '../config.ts';
import { exitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';

export const ledgerRebuild = defineCommand({
  summary: 'build the rows that status and list answer from anew, out of the journal',
  about: 'Asks the api by its admin port. The api goes on answering meanwhile. Finished mail that is older than the journal is forgotten.',
  options: {
    ...configOptions,
    'port-base': option.int({ value: 'N', min: 1, max: 65_525, doc: 'As it was given to posthaste up.' }),
    admin: option.text({ value: 'URL', doc: 'The admin port of the api. Default: http:// and the setting api.admin' }),
    ...outputOptions,
  },
  examples: [{ line: 'posthaste ledger rebuild', says: 'progress on stderr, the result at the end' }],
  async run({ options: { config, admin, output, 'port-base': portBase }, env, print, say }) {
    const url = new URL('/ledger/rebuild', admin ?? adminOf(portBase, withConfig(env, config)));
    let last: string | undefined;
    for await (const line of progress(url)) {
      if (output === 'jsonl') print(line);
      else if (last !== undefined) say(describe(last));
      last = line;
    }
    if (last === undefined) throw new Failure(`${url.origin} answered nothing`, { exitCode: exitCode.failed, code: 'Failed' });
    if (output !== 'jsonl') print(output === 'json' ? last : describe(last));
    return (JSON.parse(last) as { kind?: string }).kind === 'done' ? exitCode.ok : exitCode.failed;
  },
});

function adminOf(portBase: number | undefined, env: Readonly<Record<string, string | undefined>>): string {
  const argv = portBase === undefined ? [] : [`--port-base=${portBase}`];
  const doors = layOutDoors(loadConfig(upSettings, { argv, env, aliases: upFlags, ownSections: ['up'] }));
  return `http://${formatAddress(doors['api.admin'])}`;
}

/** JSON lines, one a step. */
async function* progress(url: URL): AsyncGenerator<string> {
  const response = await fetch(url, { method: 'POST' }).catch((error: unknown) => {
    throw away(`the api's admin port at ${url.origin} cannot be reached`, error);
  });
  if (!response.ok || !response.body) throw away(`${url.href} answered ${response.status}: ${(await response.text()).trim()}`);
  yield* createInterface({ input: Readable.fromWeb(response.body) });
}

function away(sentence: string, cause?: unknown): Failure {
  return new Failure(sentence, {
    exitCode: exitCode.unavailable,
    code: 'Unavailable',
    hint: 'Is it the setting api.admin, 127.0.0.1:9102 by default? --admin names another.',
    cause,
  });
}

type Step =
  | { readonly kind: 'reading'; readonly entries: number; readonly of: number }
  | { readonly kind: 'done'; readonly messages: number; readonly tookMs: number }
  | { readonly kind: 'failed'; readonly message: string };

function describe(line: string): string {
  const step = JSON.parse(line) as Step;
  switch (step.kind) {
    case 'reading':
      return `${step.entries} of ${step.of} entries of the journal are read`;
    case 'done':
      return `done: ${step.messages} mails, in ${(step.tookMs / 1000).toFixed(1)} s`;
    case 'failed':
      return `failed: ${step.message}`;
  }
}
