import { usageError } from '../failure.ts';
import { option } from './option.ts';

export const defaultEndpoint = 'http://127.0.0.1:8080';

/** What every command takes. */
export const commonOptions = {
  quiet: option.flag({ short: 'q', doc: 'No remarks on stderr, and no more on stdout than was asked for.' }),
  'no-color': option.flag({ doc: 'No colours, also NO_COLOR. They are used on a terminal only.' }),
  help: option.flag({ short: 'h', doc: 'This text.' }),
};

/** What every command takes that asks the api. */
export const apiOptions = {
  endpoint: option.text({ value: 'URL', doc: `Where the api is, also POSTHASTE_ENDPOINT. Default: ${defaultEndpoint}` }),
};

/** What every command takes whose answer programs may read. */
export const outputOptions = {
  output: option.choice(['table', 'json', 'jsonl'], {
    short: 'o',
    doc: 'table for people; json: one document in proto3 JSON; jsonl: one a line. Default: table, also when piped',
  }),
};

export function endpointOf(given: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  const endpoint = given ?? (env['POSTHASTE_ENDPOINT'] || defaultEndpoint);
  if (/^https?:$/.test(URL.parse(endpoint)?.protocol ?? '')) return endpoint;
  throw usageError(`${given === undefined ? 'POSTHASTE_ENDPOINT' : '--endpoint'}: came '${endpoint}', expected a URL such as ${defaultEndpoint}`);
}

/** What every command takes that can show a changing picture. */
export const refreshOptions = {
  watch: option.flag({ short: 'w', doc: 'Show it again and again, until Ctrl-C.' }),
  every: option.duration({
    within: { leastMs: 100, mostMs: 86_400_000, words: '100ms to 1d' },
    doc: 'How often, with --watch: 100ms to 1d. Default: 2s',
  }),
};
