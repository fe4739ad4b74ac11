import { freePort } from './free-port.ts';

/** What the programs of one system listen on, by setting. */
const listeners = [
  'relay.listen',
  'relay.admin',
  'api.listen',
  'api.grpc',
  'api.admin',
  'scheduler.listen',
  'scheduler.admin',
  'sender.admin',
] as const;

export type ProgramPorts = Readonly<Record<(typeof listeners)[number], number>>;

/** A port for each, for programs that find each other by their settings. */
export async function choosePorts(): Promise<ProgramPorts> {
  const ports: [string, number][] = [];
  for (const listener of listeners) ports.push([listener, await freePort()]);
  return Object.fromEntries(ports) as ProgramPorts;
}

/** The settings that say so. */
export function listeningOn(ports: ProgramPorts): Record<string, string> {
  return Object.fromEntries(Object.entries(ports).map(([setting, port]) => [setting, `127.0.0.1:${port}`]));
}
