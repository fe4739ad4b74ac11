import { resolve } from 'node:path';
import { ConfigError, loadConfig, redactUrl, upstreamSettings } from '@posthaste/config';
import { findNatsServer, startGuardian } from '@posthaste/stream/server';
import { describeError, systemClock } from '@posthaste/telemetry';
import { layOutDoors, type UpConfig, upFlags, upSettings } from './config.ts';
import { claimDataDir } from './data-dir.ts';
import { exitCode } from './exit-code.ts';
import { describeRoad } from './greeting.ts';
import { FurtherPorts } from './further-ports.ts';
import { readNatsLine } from './nats-log.ts';
import { checkSettings, withProgramFaults } from './preflight.ts';
import { type Launch, programNames, type Road, roadDoors, roadPrograms } from './programs.ts';
import { Schedulers } from './schedulers.ts';
import { Senders } from './senders.ts';
import { StopRequest } from './stopping/stop-request.ts';
import { LogFormat } from './supervisor/log-line.ts';
import { checkDoors } from './supervisor/port.ts';
import { Supervisor } from './supervisor/supervisor.ts';
import { paintFor } from './terminal/paint.ts';

type Env = Readonly<Record<string, string | undefined>>;
type Say = (level: string, sentence: string, program?: string) => void;

/** Runs until it is told to stop; answers the exit code. */
export async function up(argv: readonly string[], env: Env, appsFolder = resolve(import.meta.dirname, '../..')): Promise<number> {
  const config = await loadUp(argv, env, appsFolder);
  const say = startLog(config);
  say('debug', `configuration:\n${config.describe()}`);
  const dataDir = claimDataDir(config.values['up.dataDir']);
  try {
    const road = { ...(await planRoad(config, env, say)), appsFolder, dataDir: dataDir.path };
    await checkSettings(road, config);
    await checkDoors(roadDoors(road));
    return await run(road, say);
  } finally {
    dataDir.release();
  }
}

/** Where its own settings have faults, those of the programs are told along with them. */
async function loadUp(argv: readonly string[], env: Env, appsFolder: string): Promise<UpConfig> {
  try {
    return loadConfig(upSettings, { argv, env, aliases: upFlags, ownSections: ['up'] });
  } catch (error) {
    throw error instanceof ConfigError ? await withProgramFaults(error, argv, env, appsFolder) : error;
  }
}

function startLog(config: UpConfig): Say {
  const format = new LogFormat(programNames, paintFor(process.stdout));
  const order = ['debug', 'info', 'warn', 'error'];
  const least = order.indexOf(config.values['log.level']);
  // Who read our output may go before us; that must not end the programs in disorder.
  process.stdout.on('error', () => {});
  return (level, sentence, program = 'up') => {
    const now = new Date(systemClock.now());
    if (level === 'raw') process.stdout.write(`${format.ofProgram(program, sentence, now)}\n`);
    else if (order.indexOf(level) >= least) process.stdout.write(`${format.own(program, level, sentence, now)}\n`);
  };
}

async function planRoad(config: UpConfig, env: Env, say: Say): Promise<Omit<Road, 'appsFolder' | 'dataDir'>> {
  const { values, sources } = config;
  const doors = layOutDoors(config);
  const isExternal = sources['nats.url'].kind !== 'default';
  const natsUrl = isExternal ? values['nats.url'] : `nats://${doors.nats.host}:${doors.nats.port}`;
  if (isExternal) say('warn', externalNotice(natsUrl, values['storage.durability']));
  const natsBinary = isExternal ? undefined : await locateNats(env, say);
  const withInbox = values['up.upstream'] === undefined && sources.upstreams.kind === 'default';
  const upstreams = upstreamsOf(config, withInbox, doors['inbox.smtp'].port);
  // The programs find the file where this one found it.
  const childEnv = config.file === undefined ? env : { ...env, POSTHASTE_CONFIG: resolve(config.file) };
  return { values, doors, natsBinary, natsUrl, upstreams, withInbox, env: childEnv };
}

/** A client cannot see how a server syncs, so nothing is claimed about it. */
function externalNotice(url: string, durability: string): string {
  const needed =
    durability === 'durable'
      ? 'JetStream must run with sync_interval: always (2.12 or newer) for an acknowledged mail to survive a power cut'
      : 'a power cut may lose the last moments';
  return `NATS at ${redactUrl(url)} is not started here. ${durability} was asked for; whether that server keeps to it cannot be seen from a client: ${needed}`;
}

async function locateNats(env: Env, say: Say): Promise<string> {
  const found = await findNatsServer({ env, onFetch: (sentence) => say('info', sentence) });
  say('info', `nats-server ${found.version} (${found.origin === 'fetched' ? 'fetched just now' : found.origin}): ${found.binary}`);
  return found.binary;
}

function upstreamsOf(config: UpConfig, withInbox: boolean, inboxPort: number): string | undefined {
  const { host } = config.values['inbox.smtp'];
  const given = config.values['up.upstream'];
  if (given === undefined) return withInbox ? `main=smtp://${host.includes(':') ? `[${host}]` : host}:${inboxPort}` : undefined;
  const parsed = upstreamSettings.upstreams.parse({ main: given });
  if (parsed.kind === 'refused')
    throw new ConfigError(
      (parsed.faults ?? []).map(({ part, problem }) => `up.upstream (--upstream)${part.replace('main', '').replace('.', ', ')}: ${problem}`),
    );
  return `main=${given}`;
}

async function run(road: Road, say: Say): Promise<number> {
  const guardian = road.natsBinary === undefined ? undefined : startGuardian();
  try {
    return await supervise(road, { guardian, onLine: (program, line) => sayLine(say, program, line) }, say);
  } finally {
    guardian?.release();
  }
}

async function supervise(road: Road, launch: Launch, say: Say): Promise<number> {
  const ports = new FurtherPorts(Object.values(road.doors).map(({ port }) => port));
  const schedulers = new Schedulers(road, ports);
  const senders = new Senders(road, ports, launch);
  const programs = [...roadPrograms(road, launch), ...(await schedulers.prepare(launch)), ...(await senders.prepare())];
  const supervisor = new Supervisor({ programs, clock: systemClock, say });
  const stopRequest = new StopRequest(supervisor, systemClock, say);
  const stopped = stopRequest.listen();
  const following = new AbortController();
  try {
    await Promise.race([supervisor.start().then(() => process.stdout.write(`${describeRoad(road)}\n`)), stopped]);
    void senders.follow(supervisor, schedulers.admins, say, following.signal);
    return await stopped;
  } catch (error) {
    say('error', describeError(error));
    await supervisor.stop();
    return exitCode.failed;
  } finally {
    following.abort();
    stopRequest.release();
  }
}

function sayLine(say: Say, program: string, line: string): void {
  if (program !== 'nats') return say('raw', line, program);
  const { level, text } = readNatsLine(line);
  say(level, text, program);
}
