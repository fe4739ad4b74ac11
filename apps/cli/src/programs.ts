import { join } from 'node:path';
import { type Address, formatAddress, nodeFlags, type Values, variableName } from '@posthaste/config';
import { type Guardian, startNatsServer } from '@posthaste/stream/server';
import type { DoorName, upSettings } from './config.ts';
import { childProgram } from './supervisor/child-program.ts';
import type { Door } from './supervisor/port.ts';
import type { Program } from './supervisor/program.ts';

/** What is decided before anything starts. */
export interface Road {
  readonly values: Values<typeof upSettings>;
  readonly doors: Readonly<Record<DoorName, Address>>;
  readonly dataDir: string;
  /** nats-server's binary, or undefined when an external NATS is used. */
  readonly natsBinary: string | undefined;
  readonly natsUrl: string;
  /** What mail is delivered to; undefined: the upstreams of the configuration stand. */
  readonly upstreams: string | undefined;
  readonly withInbox: boolean;
  /** Where the programs are: one folder each. */
  readonly appsFolder: string;
  /** The environment that children get, before what is decided here. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Stop order: first the SMTP door, so that no more mail comes in; then the sender, which reports what it has in flight; the scheduler, which journals
 * those reports; the api, which answers questions meanwhile; the inbox; and NATS, in which all of them keep their state.
 */
const stopOrder = ['relay', 'sender', 'scheduler', 'api', 'inbox', 'nats'];

type AppName = 'relay' | 'sender' | 'scheduler' | 'api' | 'inbox';

interface App {
  readonly name: AppName;
  readonly readyAt: DoorName;
  readonly readyPath: string;
  readonly doors: readonly DoorName[];
}

const senderApp: App = { name: 'sender', readyAt: 'sender.admin', readyPath: '/readyz', doors: ['sender.admin'] };

const schedulerApp: App = { name: 'scheduler', readyAt: 'scheduler.admin', readyPath: '/readyz', doors: ['scheduler.listen', 'scheduler.admin'] };

const apps: readonly App[] = [
  schedulerApp,
  senderApp,
  { name: 'relay', readyAt: 'relay.admin', readyPath: '/readyz', doors: ['relay.listen', 'relay.admin'] },
  { name: 'api', readyAt: 'api.admin', readyPath: '/readyz', doors: ['api.listen', 'api.grpc', 'api.admin'] },
  { name: 'inbox', readyAt: 'inbox.http', readyPath: '/api/v2/messages?limit=1', doors: ['inbox.smtp', 'inbox.http'] },
];

export const appNames: readonly string[] = apps.map((app) => app.name);

export const programNames: readonly string[] = ['nats', ...appNames, 'up'];

export function roadDoors(road: Road): Door[] {
  const own = appsOf(road).flatMap((app) =>
    app.doors.map((name) => ({ program: app.name, address: road.doors[name], remedy: `--${name}=HOST:PORT` })),
  );
  const nats =
    road.natsBinary === undefined
      ? []
      : [{ program: 'nats', address: road.doors.nats, remedy: '--port-base N, or use the one that runs there with --nats URL' }];
  return [...nats, ...own];
}

/** What every program is started with. */
export interface Launch {
  readonly guardian: Guardian | undefined;
  readonly onLine: (program: string, line: string) => void;
}

/** All but further schedulers and senders. */
export function roadPrograms(road: Road, launch: Launch): Program[] {
  const children = appsOf(road).map((app) => appProgram(road, app, launch));
  return road.natsBinary === undefined ? children : [natsProgram(road, road.natsBinary, launch), ...children];
}

/** A sender beside the first, with metrics and health at a port of its own. */
export function furtherSender(road: Road, name: string, admin: Address, launch: Launch): Program {
  return appProgram({ ...road, doors: { ...road.doors, 'sender.admin': admin } }, senderApp, launch, name);
}

/** A scheduler beside the first, at addresses of its own. */
export function furtherScheduler(road: Road, name: string, at: { readonly listen: Address; readonly admin: Address }, launch: Launch): Program {
  const doors = { ...road.doors, 'scheduler.listen': at.listen, 'scheduler.admin': at.admin };
  return appProgram({ ...road, doors }, schedulerApp, launch, name);
}

function appProgram(road: Road, app: App, { guardian, onLine }: Launch, name: string = app.name): Program {
  return childProgram({
    name,
    command: process.execPath,
    args: [...nodeFlags, join(road.appsFolder, app.name, 'src/main.ts')],
    env: childEnvironment(road),
    readyUrl: `http://${formatAddress(road.doors[app.readyAt])}${app.readyPath}`,
    stopStage: stopOrder.indexOf(app.name),
    onLine: (line) => onLine(name, line),
    alsoHolds: guardian?.pipe,
  });
}

function appsOf(road: Road): typeof apps {
  return apps.filter((app) => road.withInbox || app.name !== 'inbox');
}

/** The programs that are started, NATS aside. */
export function namesOf(road: Road): string[] {
  return appsOf(road).map(({ name }) => name);
}

/** Settings reach the children by the environment alone; it overrides their file. */
export function childEnvironment(road: Road): Readonly<Record<string, string | undefined>> {
  return { ...road.env, ...childVariables(road) };
}

function childVariables(road: Road): Record<string, string> {
  const { nats: _nats, ...listening } = road.doors;
  const settings = {
    'nats.url': road.natsUrl,
    'storage.durability': road.values['storage.durability'],
    'log.level': road.values['log.level'],
    'log.addresses': road.values['log.addresses'],
    partitions: String(road.values.partitions),
    'api.ledger': join(road.dataDir, 'ledger.sqlite'),
    ...(road.upstreams === undefined ? {} : { upstreams: road.upstreams }),
    ...Object.fromEntries(Object.entries(listening).map(([name, address]) => [name, formatAddress(address)])),
  };
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [variableName(key), value]));
}

function natsProgram(road: Road, binary: string, { guardian, onLine }: Launch): Program {
  const { host, port } = road.doors.nats;
  const log = (line: string) => onLine('nats', line);
  const options = { binary, dataDir: join(road.dataDir, 'nats'), host, port, durability: road.values['storage.durability'], detached: true, log };
  return {
    name: 'nats',
    stopStage: stopOrder.indexOf('nats'),
    launch: () => startNatsServer({ ...options, ...(guardian ? { guardian } : {}) }),
    // A launched one is ready: startNatsServer waits until it is.
    isReady: () => Promise.resolve(true),
  };
}
