import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Clock } from '@posthaste/telemetry';
import type { KnownUser } from './auth.ts';
import { BodyReader } from './body.ts';
import { findPathFault, parseCommand, parsePath, type Command } from './command.ts';
import { Actor } from './conduct.ts';
import { Login } from './login.ts';
import type { Mail, Path } from './mail.ts';
import type { Occasion, Playbook } from './playbook.ts';
import { Wire } from './wire.ts';

/** What a session needs from its sink. */
export interface Host {
  readonly hostname: string;
  readonly clock: Clock;
  /** With it STARTTLS is on offer, or TLS begins at once. */
  readonly tls?: { readonly context: SecureContext; readonly implicit: boolean };
  /** With it nobody sends mail without a login. */
  readonly auth?: KnownUser;
  onMailFrom?(sender: string): void;
  /** Asked each time: a script can change while sessions are open. */
  playbook(): Playbook;
  /** Takes the mail and returns its number. */
  store(mail: Omit<Mail, 'number'>): number;
}

type Stage =
  | { readonly kind: 'command' }
  | { readonly kind: 'transaction'; readonly from: Path; readonly to: Path[] }
  | { readonly kind: 'awaiting body'; readonly from: Path; readonly to: readonly Path[] }
  | { readonly kind: 'body'; readonly from: Path; readonly to: readonly Path[]; readonly reader: BodyReader };

/** One connection: a strict state machine (RFC 5321) with pipelining (RFC 2920), which asks the playbook at every phase. */
export class Session {
  readonly #wire: Wire;
  readonly #actor: Actor;
  readonly #login: Login;
  readonly #host: Host;
  readonly #connection: number;
  #stage: Stage = { kind: 'command' };
  #helo = '';
  #offered: ReadonlySet<string> = new Set();

  constructor(socket: Socket, host: Host, connection: number) {
    this.#wire = new Wire(socket, host.clock, () => this.#advance());
    this.#actor = new Actor(this.#wire, host.playbook, () => this.#advance());
    this.#login = new Login(this.#wire, this.#actor, host.auth);
    this.#host = host;
    this.#connection = connection;
    if (host.tls?.implicit === true) this.#wire.secure(host.tls.context);
    this.#actor.act('greeting', {}, { reply: `220 ${host.hostname} ESMTP` });
    this.#wire.flush();
  }

  #advance(): void {
    while (this.#wire.readable && this.#step()) continue;
    this.#wire.flush();
  }

  /** Takes one command or one piece of a body; false when no whole one has come. */
  #step(): boolean {
    switch (this.#stage.kind) {
      case 'awaiting body':
        this.#beginBody(this.#stage);
        return true;
      case 'body':
        this.#readBody(this.#stage);
        return true;
      case 'command':
      case 'transaction':
        return this.#readLine();
    }
  }

  #readLine(): boolean {
    const line = this.#wire.takeLine();
    if (line === undefined) return false;
    const pipelined = this.#wire.readable && this.#helo !== '';
    if (pipelined && !this.#offered.has('PIPELINING')) this.#wire.close('503 5.5.0 Improper use of pipelining, which was not offered');
    else if (this.#login.asked) this.#login.answer(line);
    else this.#obey(parseCommand(line));
    return true;
  }

  #obey({ verb, argument }: Command): void {
    switch (verb) {
      case 'EHLO':
        return this.#ehlo(argument);
      case 'HELO':
        return this.#heloWithoutExtensions(argument);
      case 'STARTTLS':
        return this.#startTls();
      case 'AUTH':
        return this.#auth(argument);
      case 'MAIL':
        return this.#mail(argument);
      case 'RCPT':
        return this.#rcpt(argument);
      case 'DATA':
        return this.#data();
      case 'RSET':
        return this.#reset();
      case 'NOOP':
        return this.#wire.reply('250 2.0.0 Ok');
      case 'VRFY':
        return this.#wire.reply('252 2.1.5 Send some mail and see');
      case 'QUIT':
        return this.#wire.close('221 2.0.0 Bye');
      default:
        return this.#wire.reply('500 5.5.2 Command not known here');
    }
  }

  #ehlo(helo: string): void {
    if (helo === '') return this.#wire.reply('501 5.5.4 Syntax: EHLO hostname');
    const keywords = [...this.#host.playbook().keywords, ...this.#ownKeywords()];
    const reply = [`250 ${this.#host.hostname}`, ...keywords].join('\n');
    this.#actor.act('ehlo', {}, { reply, accept: () => this.#greet(helo, keywords) });
  }

  #ownKeywords(): readonly string[] {
    const { tls, auth } = this.#host;
    const startTls = tls !== undefined && !this.#wire.secured;
    const login = auth !== undefined && !startTls;
    return [`SIZE ${this.#host.playbook().maxBytes}`, ...(startTls ? ['STARTTLS'] : []), ...(login ? ['AUTH PLAIN LOGIN XOAUTH2'] : [])];
  }

  #heloWithoutExtensions(helo: string): void {
    if (helo === '') return this.#wire.reply('501 5.5.4 Syntax: HELO hostname');
    this.#actor.act('ehlo', {}, { reply: `250 ${this.#host.hostname}`, accept: () => this.#greet(helo, []) });
  }

  #greet(helo: string, keywords: readonly string[]): void {
    this.#helo = helo;
    this.#offered = new Set(keywords.map((keyword) => keyword.split(' ', 1).join()));
    this.#stage = { kind: 'command' };
  }

  #startTls(): void {
    const { tls } = this.#host;
    if (tls === undefined) return this.#wire.reply('502 5.5.1 STARTTLS is not possible here');
    if (this.#wire.secured) return this.#wire.reply('503 5.5.1 TLS is active already');
    if (this.#helo === '') return this.#wire.reply('503 5.5.1 Send EHLO first');
    this.#actor.act('starttls', {}, { reply: '220 2.0.0 Ready to start TLS', accept: () => this.#secure(tls.context) });
  }

  /** RFC 3207 4.2: what was said in clear is forgotten. */
  #secure(context: SecureContext): void {
    this.#helo = '';
    this.#login.forget();
    this.#offered = new Set();
    this.#stage = { kind: 'command' };
    this.#wire.secure(context);
  }

  #auth(argument: string): void {
    if (this.#host.auth === undefined) return this.#wire.reply('502 5.5.1 AUTH is not possible here');
    if (this.#helo === '') return this.#wire.reply('503 5.5.1 Send EHLO first');
    if (!this.#login.missing || this.#stage.kind === 'transaction') return this.#wire.reply('503 5.5.1 AUTH is not possible now');
    if (this.#host.tls !== undefined && !this.#wire.secured) return this.#wire.reply('530 5.7.0 Must issue a STARTTLS command first');
    this.#login.begin(argument);
  }

  #mail(argument: string): void {
    if (this.#helo === '') return this.#wire.reply('503 5.5.1 Send EHLO first');
    if (this.#login.missing) return this.#wire.reply('530 5.7.0 Authentication required');
    if (this.#stage.kind === 'transaction') return this.#wire.reply('503 5.5.1 Nested MAIL command');
    const from = parsePath('FROM', argument);
    if (from === undefined) return this.#wire.reply('501 5.5.4 Syntax: MAIL FROM:<address>');
    const fault = findPathFault(from, this.#offered, from);
    if (fault !== undefined) return this.#wire.reply(fault);
    if (Number(from.parameters['SIZE'] ?? 0) > this.#host.playbook().maxBytes) return this.#wire.reply('552 5.3.4 Message size exceeds the limit');
    this.#host.onMailFrom?.(from.address);
    this.#actor.act('mail', { sender: from.address }, { reply: '250 2.1.0 Ok', accept: () => this.#enter({ kind: 'transaction', from, to: [] }) });
  }

  #rcpt(argument: string): void {
    if (this.#stage.kind !== 'transaction') return this.#wire.reply('503 5.5.1 Need MAIL command');
    const { from, to } = this.#stage;
    const path = parsePath('TO', argument);
    if (path === undefined || path.address === '') return this.#wire.reply('501 5.5.4 Syntax: RCPT TO:<address>');
    const fault = findPathFault(path, this.#offered, from);
    if (fault !== undefined) return this.#wire.reply(fault);
    this.#actor.act('rcpt', { sender: from.address, recipients: [path.address] }, { reply: '250 2.1.5 Ok', accept: () => to.push(path) });
  }

  #data(): void {
    if (this.#stage.kind !== 'transaction') return this.#wire.reply('503 5.5.1 Need MAIL command');
    const { from, to } = this.#stage;
    if (to.length === 0) return this.#wire.reply('554 5.5.1 No valid recipients');
    const reply = '354 End data with <CR><LF>.<CR><LF>';
    this.#actor.act('data', envelope(from, to), { reply, accept: () => this.#enter({ kind: 'awaiting body', from, to }) });
  }

  #beginBody({ from, to }: Extract<Stage, { kind: 'awaiting body' }>): void {
    const reader = new BodyReader(this.#host.playbook().maxBytes);
    this.#actor.act('body', envelope(from, to), { accept: () => this.#enter({ kind: 'body', from, to, reader }) });
  }

  #readBody({ from, to, reader }: Extract<Stage, { kind: 'body' }>): void {
    const rest = reader.push(this.#wire.takeAll());
    if (rest === undefined) return;
    this.#wire.putBack(rest);
    this.#stage = { kind: 'command' };
    const raw = reader.finish();
    if (raw === undefined) return this.#wire.reply('552 5.3.4 Message size exceeds the limit');
    this.#finish(from, to, raw);
  }

  /** Stores before the reply and its delay: a client that gives up in between has delivered all the same, as with a real server. */
  #finish(from: Path, to: readonly Path[], raw: Buffer): void {
    const action = this.#host.playbook().decide('final', envelope(from, to));
    if (action.move.kind === 'reply' && action.move.code >= 400) return this.#actor.perform(action, {});
    const number = this.#host.store({
      connection: this.#connection,
      helo: this.#helo,
      secured: this.#wire.secured,
      ...(this.#login.user !== undefined && { user: this.#login.user }),
      from,
      to,
      raw,
      receivedAt: this.#host.clock.now(),
      replyLost: action.move.kind === 'drop',
    });
    this.#actor.perform(action, { reply: `250 2.0.0 Ok: queued as ${number}` });
  }

  #enter(stage: Stage): void {
    this.#stage = stage;
  }

  #reset(): void {
    if (this.#stage.kind === 'transaction') this.#stage = { kind: 'command' };
    this.#wire.reply('250 2.0.0 Ok');
  }
}

function envelope(from: Path, to: readonly Path[]): Occasion {
  return { sender: from.address, recipients: to.map((path) => path.address) };
}
