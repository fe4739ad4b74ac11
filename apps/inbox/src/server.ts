import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { formatAddress } from '@posthaste/config';
import { createSink, type Address, type Script } from '@posthaste/sink';
import type { Clock, Log } from '@posthaste/telemetry';
import { Feed } from './feed.ts';
import { createHttpServer } from './http.ts';
import { Mailbox, type CaughtMail, type MailboxLimits } from './mailbox.ts';
import { toMailHog } from './mailhog/message.ts';
import { Notices } from './notices.ts';
import { Library } from './reading/library.ts';
import { Reader } from './reading/reader.ts';

export interface InboxOptions {
  readonly limits: MailboxLimits;
  readonly script: Script;
  /** Names beside the known ones under which the page may be asked for. */
  readonly allowedHosts: readonly string[];
  /** The file that serves readings when it runs in a thread. */
  readonly program: string;
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
export function createInbox({ limits, script, allowedHosts, program, log, clock }: InboxOptions): Inbox {
  const mailbox = createMailbox(limits);
  const sink = createSink({ script, clock, hostname, onMail: (mail) => mailbox.add(mail) });
  const reader = new Reader(program, clock);
  const library = new Library(reader);
  const [changes, arrivals] = [new Feed(clock), new Feed(clock)];
  const notices = new Notices(changes, clock);
  mailbox.watch((change) => {
    notices.changed();
    if (change.kind === 'removed') library.forget();
    else announce(change.caught, arrivals, log);
  });
  let smtp = '';
  const scriptChanged = () => notices.changed();
  const http = createHttpServer({ mailbox, library, changes, arrivals, sink, log, hostname, allowedHosts, smtp: () => smtp, scriptChanged });
  return {
    listen: async (addresses) => {
      const bound = { smtp: await sink.listen(addresses.smtp), http: await listenHttp(http, addresses.http) };
      smtp = formatAddress(bound.smtp);
      return bound;
    },
    close: async () => {
      notices.end();
      await Promise.all([sink.close(), closeHttp(http), reader.close()]);
    },
  };
}

/** Ids of another run differ, and cannot be guessed. */
function createMailbox(limits: MailboxLimits): Mailbox {
  const run = randomBytes(12).toString('hex');
  return new Mailbox(limits, (mail) => `${run}-${mail.number}@${hostname}`);
}

/** MailHog sends each mail whole; that is worked out only when someone listens. */
function announce(caught: CaughtMail, arrivals: Feed, log: Log): void {
  log.debug('took a mail', { number: caught.mail.number, recipients: caught.mail.to.length, bytes: caught.mail.raw.length });
  if (arrivals.readers > 0) arrivals.send(JSON.stringify(toMailHog(caught, hostname)));
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
