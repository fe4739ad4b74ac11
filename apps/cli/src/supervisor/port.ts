import { createServer } from 'node:net';
import { type Address, formatAddress } from '@posthaste/config';

const highestPort = 65_535;

/** An address that a program will listen on. */
export interface Door {
  readonly program: string;
  readonly address: Address;
  /** How to give it another port. */
  readonly remedy: string;
}

/** Nothing is started when a port is taken: says each program, port and flag at once. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken';
}

export async function checkDoors(doors: readonly Door[]): Promise<void> {
  const reasons = await Promise.all(doors.map(async (door) => ({ door, reason: await whyNot(door.address) })));
  const refused = reasons.filter(({ reason }) => reason !== undefined);
  if (refused.length === 0) return;
  const lines = refused.map(
    ({ door, reason }) => `${door.program} cannot listen on ${formatAddress(door.address)}: ${reason}. Give it another with ${door.remedy}`,
  );
  throw new PortTaken([...lines, 'or move all ports at once with --port-base N.'].join('\n'));
}

/** The first port from here on that can be listened on and is not meant for another program. */
export async function nextFreePort({ host, port }: Address, isMeant: (port: number) => boolean): Promise<number> {
  for (let next = port; next <= highestPort; next += 1) if (!isMeant(next) && (await whyNot({ host, port: next })) === undefined) return next;
  throw new Error(`no port from ${port} on is free on ${host}`);
}

/** Listens for a moment. Undefined: it can. */
function whyNot(address: Address): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(reasons.get(error.code ?? '') ?? error.message));
    server.listen({ host: address.host, port: address.port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'the port is taken by another program'],
  ['EACCES', 'ports below 1024 need privileges'],
  ['EADDRNOTAVAIL', 'this machine has no such address'],
]);
