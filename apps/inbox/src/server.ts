import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSink, type Address, type Script } from '@posthaste/sink';
import type { Clock, Log } from '@posthaste/telemetry';
import { createHttpServer } from './http.ts';
import { Mailbox, type MailboxLimits } from './mailbox.ts';

export interface InboxOptions {
  readonly limits: MailboxLimits;
  readonly script: Script;
  readonly log: Log;
  readonly clock: Clock;
}

export interface InboxAddresses {
  readonly smtp: Address;
  readonly http: Address;
}

export interface Inbox {
  /** Resolves with the real addresses; port 0 takes a free one. */
  listen(addresses: InboxAddresses): Promise<InboxAddresses>;
  /** Lets no one in and cuts who is there: what was taken has had its reply, and the rest will be sent again. */
  close(): Promise<void>;
}

const hostname = 'inbox.localhost';

/** Builds SMTP, mailbox and HTTP. Does not listen. */
export function createInbox({ limits, script, log, clock }: InboxOptions): Inbox {
  const mailbox = new Mailbox(limits);
  const sink = createSink({
    script,
    clock,
    hostname,
    onMail: (mail) => {
      mailbox.add(mail);
      log.debug('took a mail', { number: mail.number, recipients: mail.to.length, bytes: mail.raw.length });
    },
  });
  const http = createHttpServer({ mailbox, sink, log, hostname, run: randomBytes(6).toString('hex') });
  return {
    listen: async (addresses) => ({ smtp: await sink.listen(addresses.smtp), http: await listenHttp(http, addresses.http) }),
    close: async () => {
      await Promise.all([sink.close(), closeHttp(http)]);
    },
  };
}

async function listenHttp(server: Server, { host, port }: Address): Promise<Address> {
  server.listen({ host, port });
  await once(server, 'listening');
  const bound = server.address() as AddressInfo;
  return { host: bound.address, port: bound.port };
}

async function closeHttp(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
