import { parseArgs } from 'node:util';
import { type PatternName, patternNames } from './scenario/pattern.ts';

export const scenarios = ['throughput', 'latency', 'backlog', 'peers', 'load', 'rpc', 'answer', 'urgent', 'neighbours', 'core', 'million'] as const;

export type Scenario = (typeof scenarios)[number];

export interface Options {
  readonly scenario: Scenario;
  /** What the scenario load follows. */
  readonly pattern: PatternName;
  /** How long the pattern takes; undefined: as long as it takes by itself. */
  readonly minutes: number | undefined;
  /** Where the report of a pattern goes: this path with `.json` and `.svg` behind it. */
  readonly report: string | undefined;
  /** Parts of the names of cases; a case runs when it has one of them in its name. Empty: all run. */
  readonly only: readonly string[];
  /** Most mails of a case; undefined: as many as fit into `forMs`. */
  readonly mails: number | undefined;
  /** How long a case sends; its mails are waited for after that. */
  readonly forMs: number;
  readonly pipelining: boolean;
  /** Our load and sink, even where postfix's smtp-source and smtp-sink are present. */
  readonly ownTools: boolean;
  /** Programs from source instead of bundled. */
  readonly fromSource: boolean;
  readonly json: boolean;
  /** Where streams, ledger and logs lie while it runs: on the disk that is to be measured. */
  readonly folder: string | undefined;
  readonly keep: boolean;
}

export const help = `pnpm bench [options]: what Posthaste does on this machine, load and upstream included

  --scenario NAME  throughput (the default): every mode, size and number of sessions
                   latency: replies at half of the load, with a quick upstream and with one that takes 5 s for each mail
                   backlog: 100,000 mails wait for an upstream that is down, then it comes back
                   urgent: immediate mail while 100,000 low ones wait for an upstream that takes 200 a second, in durable mode
                   neighbours: ten upstreams, and what a dead and a slow one cost the other eight, in turn
                   answer: what a request costs that sends a mail, by nodemailer to a slow upstream and by the api
                   peers (or --peers): ours and BullMQ, Haraka and Postfix in turn, on the same load and upstream; installs them into the cache
                   rpc (or --rpc): what the api takes by native gRPC in single calls, batches and streams, with the upstream down; then all arrives
                   core (or --core): what the scheduler's core decides in a second with 1,000 to 1,000,000 mails waiting, and what they weigh; no I/O
                   million (or --simulate-million): immediate mail behind 1,000,000 low ones in the simulator, which charges the core what it really takes
  --load PATTERN   wedding (up to 15,000 mails a minute in waves), sustained (10,000), stress (20,000) or soak (10,000 for hours), in durable mode
  --minutes N      how long the pattern takes; --hours N for the soak (default: wedding and sustained 10 minutes, stress 5, soak 1 hour)
  --report PATH    where a pattern's report goes, as PATH.json and, as a chart, PATH.svg (default posthaste-PATTERN in this folder)
  --only PARTS     cases that have one of these words, divided by commas, in their name: --only fast/10KiB/20,durable
  --quick          the two cases that have a target: fast/10KiB/20 and durable/10KiB/100, 3 s each
  --seconds N      how long each case sends (default 4)
  --mails N        how many mails a case sends at most
  --own            our own load and sink for throughput, even where postfix's smtp-source and smtp-sink are present
  --pipelining     our own load, which sends envelope commands at once, without waiting for each reply
  --source         run the programs from source instead of bundled
  --folder PATH    where the streams lie while it runs (default: a folder in the system's place for temporary files)
  --keep           leave that folder, with the programs' logs, behind
  --json           one JSON document on standard output; progress goes to standard error
`;

/** Undefined: help was asked for. Throws an Error that says what is wrong. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: {
      scenario: { type: 'string', default: 'throughput' },
      peers: { type: 'boolean', default: false },
      rpc: { type: 'boolean', default: false },
      core: { type: 'boolean', default: false },
      'simulate-million': { type: 'boolean', default: false },
      load: { type: 'string' },
      minutes: { type: 'string' },
      hours: { type: 'string' },
      report: { type: 'string' },
      only: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      mails: { type: 'string' },
      pipelining: { type: 'boolean', default: false },
      own: { type: 'boolean', default: false },
      source: { type: 'boolean', default: false },
      folder: { type: 'string' },
      keep: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const quickCases = values.quick ? ['fast/10KiB/20', 'durable/10KiB/100'] : [];
  return {
    scenario: shorthandOf(values) ?? readOne('scenario', scenarios, values.scenario),
    pattern: readOne('load', patternNames, values.load ?? 'sustained'),
    minutes: readPositive('minutes', values.minutes) ?? hoursAsMinutes(readPositive('hours', values.hours)),
    report: values.report,
    only: values.only === '' ? quickCases : values.only.split(','),
    mails: readPositive('mails', values.mails),
    forMs: (readPositive('seconds', values.seconds) ?? (values.quick ? 3 : 4)) * 1000,
    pipelining: values.pipelining,
    ownTools: values.own || values.pipelining,
    fromSource: values.source,
    json: values.json,
    folder: values.folder,
    keep: values.keep,
  };
}

type Shorthands = { readonly load?: string } & Readonly<Record<'peers' | 'rpc' | 'core' | 'simulate-million', boolean>>;

function shorthandOf({ load, peers, rpc, core, 'simulate-million': million }: Shorthands): Scenario | undefined {
  if (load !== undefined) return 'load';
  if (peers) return 'peers';
  if (rpc) return 'rpc';
  if (million) return 'million';
  return core ? 'core' : undefined;
}

function readOne<T extends string>(name: string, known: readonly T[], text: string): T {
  const one = known.find((each) => each === text);
  if (one === undefined) throw new Error(`--${name} came as '${text}', expected one of ${known.join(', ')}`);
  return one;
}

function hoursAsMinutes(hours: number | undefined): number | undefined {
  return hours === undefined ? undefined : hours * 60;
}

function readPositive(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} came as '${text}', expected a number above 0`);
  return value;
}
