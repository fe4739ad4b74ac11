import { hash } from 'node:crypto';
import pino, { type DestinationStream } from 'pino';

/** What happened to a mail: one line an event, the same fields each time. Every line has `log: "mail"`, `event` and `id`. */
export interface MailLog {
  accepted(event: AcceptedLine): void;
  /** Submitted again; answered with the id of the first submission, which is the `id` here. */
  replayed(event: ReplayedLine): void;
  delivered(event: OutcomeLine & { readonly reply: LoggedReply; readonly tookMs?: number }): void;
  /** To be tried again at `due`. */
  deferred(event: OutcomeLine & { readonly reason: string; readonly reply: LoggedReply; readonly due: number }): void;
  /** A dead letter. */
  failed(event: OutcomeLine & { readonly reason: string; readonly reply: LoggedReply }): void;
  /** It may have been delivered. */
  doubted(event: OutcomeLine & { readonly reply: LoggedReply }): void;
  /** Given back untried. */
  returned(event: OutcomeLine & { readonly reason: string; readonly reply?: LoggedReply }): void;
  expired(event: Omit<OutcomeLine, 'attempt' | 'upstream'>): void;
  /** An operator stepped in, or a policy in an operator's place; the line's `event` is `what`. */
  byHand(event: HandLine): void;
}

export interface AcceptedLine {
  readonly id: string;
  readonly lane: string;
  readonly tenant: string;
  /** Bytes of the message as stored. */
  readonly size: number;
  readonly from: string;
  readonly to: readonly string[];
  /** By which protocol it came. */
  readonly door: string;
  /** The client's IP address. */
  readonly client?: string;
  /** As whom the client logged in; shown like an address when it is one. */
  readonly user?: string;
  /** Milliseconds since the epoch; present when it waits for its time. */
  readonly due?: number;
  /** MT-PRIORITY, when MAIL gave one (RFC 6710, 4.1). */
  readonly priority?: number;
}

export type ReplayedLine = Pick<AcceptedLine, 'id' | 'tenant' | 'from' | 'to' | 'door' | 'client' | 'user'>;

export interface OutcomeLine {
  readonly id: string;
  readonly lane: string;
  readonly tenant: string;
  readonly upstream: string;
  readonly attempt: string;
  readonly to: readonly string[];
}

export interface HandLine extends Omit<OutcomeLine, 'attempt' | 'upstream'> {
  readonly what: 'held' | 'released' | 'cancelled' | 'rescheduled' | 'redirected' | 'laneChanged' | 'revived';
  readonly author: string;
  readonly comment: string;
}

export interface LoggedReply {
  readonly code: number;
  readonly enhanced?: string;
  readonly text: string;
}

export interface MailLogOptions {
  readonly program: string;
  /** hashed: the first 16 hex digits of the SHA-256 of the address in lower case; the same address gives the same word. */
  readonly addresses: 'plain' | 'hashed';
  /** Default: stdout, written behind the work in hand and flushed at exit. */
  readonly destination?: DestinationStream;
}

/** A line shows at most so many addresses; `recipients` says how many there are. */
const mostShown = 20;

/** When nobody reads our output, lines beyond this many bytes are dropped rather than kept in memory without end. */
const mostHeldBytes = 16 * 1024 * 1024;

/** One write for many lines costs a tenth of one write a line. */
const gatheredBytes = 8 * 1024;
const gatheredMs = 200;

function behindTheWork(): DestinationStream {
  return pino.destination({ dest: 1, sync: false, minLength: gatheredBytes, periodicFlush: gatheredMs, maxLength: mostHeldBytes });
}

export function createMailLog({ program, addresses, destination = behindTheWork() }: MailLogOptions): MailLog {
  const shown = addresses === 'hashed' ? hashed : (address: string) => address;
  const base = { level: 'info', program, log: 'mail' };
  const write = (event: string, { to, ...fields }: { readonly to: readonly string[] }) => {
    const recipients = { recipients: to.length, to: to.slice(0, mostShown).map(shown) };
    destination.write(`${JSON.stringify({ time: new Date().toISOString(), ...base, event, ...fields, ...recipients })}\n`);
  };
  const submitted =
    (event: string) =>
    ({ from, user, ...fields }: ReplayedLine) =>
      write(event, { ...fields, ...{ from: shown(from), ...(user !== undefined && { user: user.includes('@') ? shown(user) : user }) } });
  return {
    accepted: submitted('accepted'),
    replayed: submitted('replayed'),
    delivered: (fields) => write('delivered', fields),
    deferred: (fields) => write('deferred', fields),
    failed: (fields) => write('failed', fields),
    doubted: (fields) => write('doubted', fields),
    returned: (fields) => write('returned', fields),
    expired: (fields) => write('expired', fields),
    byHand: ({ what, ...fields }) => write(what, fields),
  };
}

function hashed(address: string): string {
  return address === '' ? '' : hash('sha256', address.toLowerCase()).slice(0, 16);
}

/** For tests, and for what was given no mail log. */
export const silentMailLog: MailLog = {
  accepted: () => {},
  replayed: () => {},
  delivered: () => {},
  deferred: () => {},
  failed: () => {},
  doubted: () => {},
  returned: () => {},
  expired: () => {},
  byHand: () => {},
};
