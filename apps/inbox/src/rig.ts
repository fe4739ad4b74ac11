import { join } from 'node:path';
import { openDialog, type Address, type Script } from '@posthaste/sink';
import { silentLog, systemClock } from '@posthaste/telemetry';
import type { MailboxLimits } from './mailbox.ts';
import { createInbox } from './server.ts';

/** An inbox on free ports, and a client for each of its doors. */
export interface InboxRig extends AsyncDisposable {
  readonly smtp: Address;
  /** http://host:port */
  readonly origin: string;
  request(path: string, init?: RequestInit): Promise<Response>;
  json(path: string, init?: RequestInit): Promise<unknown>;
  /** Sends a mail as it is, \n for \r\n; answers the final reply. */
  deliver(raw: string, to?: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

export interface InboxRigOptions {
  readonly script?: Script;
  readonly limits?: MailboxLimits;
  readonly allowedHosts?: readonly string[];
}

export const program = join(import.meta.dirname, 'main.ts');

const anywhere: Address = { host: '127.0.0.1', port: 0 };

export async function startInbox(options: InboxRigOptions = {}): Promise<InboxRig> {
  const { script = {}, limits = { maxMails: 50, maxBytes: 200 * 1024 * 1024 }, allowedHosts = [] } = options;
  const inbox = createInbox({ limits, script, allowedHosts, program, log: silentLog, clock: systemClock });
  const { smtp, http } = await inbox.listen({ smtp: anywhere, http: anywhere });
  const origin = `http://${http.host}:${http.port}`;
  const request = (path: string, init?: RequestInit) => fetch(`${origin}${path}`, init);
  return {
    smtp,
    origin,
    request,
    json: async (path, init) => (await request(path, init)).json(),
    deliver: (raw, to = ['b@example.net']) => deliver(smtp, raw, to),
    close: () => inbox.close(),
    [Symbol.asyncDispose]: () => inbox.close(),
  };
}

async function deliver(smtp: Address, raw: string, to: readonly string[]): Promise<string> {
  const dialog = await openDialog(smtp);
  await dialog.reply();
  await dialog.say('EHLO client.example');
  await dialog.say('MAIL FROM:<a@example.org>');
  for (const recipient of to) await dialog.say(`RCPT TO:<${recipient}>`);
  const go = await dialog.say('DATA');
  const lines = raw.replace(/\r?\n/g, '\r\n').replace(/^\./gm, '..');
  const reply = go.startsWith('354') ? await dialog.say(`${lines}\r\n.`) : go;
  dialog.close();
  return reply;
}
