import { once } from 'node:events';
import { connect } from 'node:net';
import { type Address, formatAddress } from '@posthaste/config';
import { askServer, oldestUsable } from '@posthaste/stream/server';
import { systemClock } from '@posthaste/telemetry/clock';
import type { DoorName } from '../config.ts';
import { fail, type Finding, pass, patienceMs, warn } from './check.ts';

/** Where somebody said that they are. */
type Doors = Readonly<Partial<Record<DoorName, Address>>>;

const programs = ['scheduler', 'sender', 'relay', 'api'] as const;

/** Whether each program runs and can work, by its admin port. */
export function checkPrograms(doors: Doors): Promise<Finding[]> {
  return Promise.all(
    programs.flatMap((name) => {
      const admin = doors[`${name}.admin`];
      return admin ? [checkProgram(name, admin)] : [];
    }),
  );
}

async function checkProgram(name: (typeof programs)[number], admin: Address): Promise<Finding> {
  const at = formatAddress(admin);
  try {
    const alive = await ask(`http://${at}/healthz`);
    const ready = await ask(`http://${at}/readyz`);
    if (!alive.ok) return fail(name, `what answers at ${at} is not the ${name}`, `Give ${name}.admin a port of its own.`);
    if (ready.ok) return pass(name, `ready, admin port ${at}`);
    return fail(name, `runs at ${at}, but cannot work: ${(await ready.text()).trim()}`, 'Its program log says why; most often NATS is away.');
  } catch (error) {
    const hint = `Start it with posthaste up; if it runs elsewhere, say where with POSTHASTE_${name.toUpperCase()}_ADMIN or --port-base.`;
    return fail(name, `does not answer at ${at}: ${reasonOf(error)}`, hint);
  }
}

/** Whether those ports take connections that clients and other programs use. */
export function checkPorts(doors: Doors): Promise<Finding[]> {
  const names = ['relay.listen', 'api.listen', 'api.grpc', 'scheduler.listen'] as const;
  return Promise.all(
    names.flatMap((name) => {
      const address = doors[name];
      return address ? [checkPort(name, address)] : [];
    }),
  );
}

async function checkPort(name: DoorName, address: Address): Promise<Finding> {
  const at = formatAddress(address);
  const trouble = await whyNotConnected(address);
  return trouble === undefined
    ? pass(name, `takes connections at ${at}`)
    : fail(name, `takes no connections at ${at}: ${trouble}`, `Is ${name} what was set?`);
}

async function whyNotConnected({ host, port }: Address): Promise<string | undefined> {
  const socket = connect(port, host);
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(patienceMs) });
    return undefined;
  } catch (error) {
    return reasonOf(error);
  } finally {
    socket.destroy();
  }
}

/** Each server of a cluster. */
export function checkNats(urls: string): Promise<Finding[]> {
  return Promise.all(urls.split(',').map((text) => checkNatsServer(text.trim())));
}

async function checkNatsServer(text: string): Promise<Finding> {
  const url = URL.parse(text.includes('://') ? text : `nats://${text}`);
  if (!url) return fail('nats', 'nats.url is no URL', 'Write it as nats://host:4222.');
  const address = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 4222) };
  const at = formatAddress(address);
  try {
    const { version, jetstream, usable } = await askServer(address, AbortSignal.timeout(patienceMs));
    if (!usable) return fail('nats', `${version} at ${at} is too old`, `Use nats-server ${oldestUsable} or newer; posthaste up fetches one.`);
    return jetstream
      ? pass('nats', `${version} with JetStream at ${at}`)
      : fail('nats', `${version} at ${at} runs without JetStream`, 'Start nats-server with jetstream enabled.');
  } catch (error) {
    return fail('nats', `does not answer at ${at}: ${reasonOf(error)}`, 'Start it with posthaste up, or name yours with POSTHASTE_NATS_URL.');
  }
}

/** A second is lost in rounding, and some of the rest on the way. */
const tolerableMs = 3_000;

/** Deadlines, retries and leases of several machines need clocks that agree. */
export async function checkClock(admin: Address): Promise<Finding> {
  const check = 'clock';
  try {
    const response = await ask(`http://${formatAddress(admin)}/healthz`);
    const offMs = systemClock.now() - Date.parse(response.headers.get('date') ?? '');
    if (Number.isNaN(offMs)) return warn(check, 'the api does not say its time', 'Compare the machines by hand.');
    if (Math.abs(offMs) < tolerableMs) return pass(check, 'as on the machine of the api');
    return warn(
      check,
      `${Math.round(Math.abs(offMs) / 1000)} s ${offMs > 0 ? 'ahead of' : 'behind'} the machine of the api`,
      'Keep the clocks together with chrony or systemd-timesyncd.',
    );
  } catch {
    return warn(check, 'cannot be compared: the api does not answer', 'See api.');
  }
}

function ask(url: string): Promise<Response> {
  return fetch(url, { signal: AbortSignal.timeout(patienceMs) });
}

function reasonOf(error: unknown): string {
  const { cause, message, name } = error as Error;
  if (name === 'TimeoutError' || name === 'AbortError') return `no answer within ${patienceMs / 1000} s`;
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}
