import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import { systemClock, type Clock } from '@posthaste/telemetry';
import type { KnownUser } from './auth.ts';
import type { Mail } from './mail.ts';
import { parseScript } from './parse-script.ts';
import { Playbook } from './playbook.ts';
import type { Script } from './script.ts';
import { Session, type Host } from './session.ts';

export interface SinkOptions {
  /** Called at each final dot, before the reply; must not throw. */
  readonly onMail: (mail: Mail) => void;
  /** Called when a MAIL FROM has been read that begins a transaction, before the script has its say; must not throw. */
  readonly onMailFrom?: (sender: string) => void;
  /** A well-behaved one when left out. */
  readonly script?: Script;
  readonly clock?: Clock;
  /** What the greeting says. Default: sink.localhost. */
  readonly hostname?: string;
  /** With it STARTTLS is on offer. */
  readonly tls?: SinkTls;
  /** With it mail is refused (530) before a login by AUTH PLAIN, LOGIN or XOAUTH2; with `tls` too, AUTH is refused before TLS. */
  readonly auth?: KnownUser;
}

export interface SinkTls {
  /** PEM. */
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** TLS from the first byte (RFC 8314), as on port 465, instead of STARTTLS. */
  readonly implicit?: boolean;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface SinkCounts {
  /** All connections ever taken, those open now, and the most that were open at once. */
  readonly connections: number;
  readonly open: number;
  readonly mostOpen: number;
  /** Mails stored, and of these the ones whose final reply the script kept back. */
  readonly mails: number;
  readonly repliesLost: number;
}

export interface Sink {
  /** Resolves with the real address; port 0 takes a free one. After `close` it can be called again. */
  listen(address: Address): Promise<Address>;
  /** Stops listening and cuts all connections: to clients, the server has gone. */
  close(): Promise<void>;
  listening(): boolean;
  counts(): SinkCounts;
  script(): Script;
  /** In force at once, for open sessions too; all `times` start anew. Throws a ScriptError. */
  setScript(script: Script): void;
}

/** Builds an SMTP server that takes every mail, or misbehaves as its script says. Does not listen yet. */
export function createSink(options: SinkOptions): Sink {
  return new ScriptedSink(options);
}

class ScriptedSink implements Sink {
  readonly #onMail: SinkOptions['onMail'];
  readonly #host: Host;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #script: Script;
  #playbook: Playbook;
  #connections = 0;
  #mostOpen = 0;
  #mails = 0;
  #repliesLost = 0;

  constructor(options: SinkOptions) {
    this.#onMail = options.onMail;
    this.#script = parseScript(options.script ?? {});
    this.#playbook = new Playbook(this.#script);
    this.#host = this.#createHost(options);
    this.#server = createServer({ noDelay: true }, (socket) => this.#welcome(socket));
  }

  async listen({ host, port }: Address): Promise<Address> {
    this.#server.listen({ host, port });
    await once(this.#server, 'listening');
    const { address, port: boundPort } = this.#server.address() as AddressInfo;
    return { host: address, port: boundPort };
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    await Promise.all([closed, ...Array.from(this.#sockets, cut)]);
  }

  listening(): boolean {
    return this.#server.listening;
  }

  counts(): SinkCounts {
    return {
      connections: this.#connections,
      open: this.#sockets.size,
      mostOpen: this.#mostOpen,
      mails: this.#mails,
      repliesLost: this.#repliesLost,
    };
  }

  script(): Script {
    return this.#script;
  }

  setScript(script: Script): void {
    this.#script = parseScript(script);
    this.#playbook = new Playbook(this.#script);
  }

  #welcome(socket: Socket): void {
    this.#connections += 1;
    this.#sockets.add(socket);
    this.#mostOpen = Math.max(this.#mostOpen, this.#sockets.size);
    socket.on('close', () => this.#sockets.delete(socket));
    // A reset by the client ends its session by 'close', which follows; there is nothing to tell it.
    socket.on('error', () => {});
    new Session(socket, this.#host, this.#connections);
  }

  #createHost({ clock = systemClock, hostname = 'sink.localhost', tls, auth, onMailFrom }: SinkOptions): Host {
    return {
      clock,
      hostname,
      ...(tls && { tls: { context: createSecureContext({ cert: tls.cert, key: tls.key }), implicit: tls.implicit === true } }),
      ...(auth && { auth }),
      ...(onMailFrom && { onMailFrom }),
      playbook: () => this.#playbook,
      store: (mail) => this.#store(mail),
    };
  }

  #store(mail: Omit<Mail, 'number'>): number {
    this.#mails += 1;
    if (mail.replyLost) this.#repliesLost += 1;
    this.#onMail({ number: this.#mails, ...mail });
    return this.#mails;
  }
}

function cut(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.destroy();
  });
}
