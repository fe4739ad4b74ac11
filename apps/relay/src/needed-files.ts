import type { Values } from '@posthaste/config';
import { LaneTable } from '@posthaste/core';
import { describeError } from '@posthaste/telemetry';
import { readCertificate } from './certificate.ts';
import type { relaySettings } from './config.ts';
import { readUsers } from './logins.ts';

/** What is wrong with the files without which the relay does not start. Who asks may not be who runs it: what may not be read is passed over. */
export async function faultsOfFiles(values: Values<typeof relaySettings>): Promise<string[]> {
  const { 'relay.tlsCert': certPath, 'relay.tlsKey': keyPath, 'relay.users': usersPath } = values;
  const faults = await Promise.all([
    certPath && keyPath ? faultOf(certificateSettings, readCertificate({ certPath, keyPath })) : undefined,
    usersPath ? faultOf(usersSetting(usersPath), readUsers(usersPath, new LaneTable(values['lanes.further']))) : undefined,
  ]);
  return faults.filter((fault) => fault !== undefined);
}

export const certificateSettings = 'relay.tlsCert, relay.tlsKey';

export const usersSetting = (path: string): string => `relay.users (${path})`;

async function faultOf(setting: string, reading: Promise<unknown>): Promise<string | undefined> {
  try {
    await reading;
    return undefined;
  } catch (error) {
    return isForbidden(error) ? undefined : `${setting}: ${describeError(error)}`;
  }
}

function isForbidden(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && error.code === 'EACCES') || isForbidden(error.cause);
}

/** What comes of `opening`; its failure says which setting it is about. */
export function openedFor<T>(setting: string, opening: Promise<T>): Promise<T> {
  return opening.catch((error: unknown) => {
    throw new Error(`${setting}: ${describeError(error)}`);
  });
}
