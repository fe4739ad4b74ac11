import type { Socket } from 'node:net';
import type { Clock } from '@posthaste/telemetry';
import { BodyReader } from './body.ts';
import { findUnoffered, parseCommand, parsePath, type Command } from './command.ts';
import type { Mail, Path } from './mail.ts';
import type { Action, Occasion, Playbook } from './playbook.ts';
import type { Phase } from './script.ts';
import { Wire } from './wire.ts';

/** What a session needs from its sink. */
export interface Host {
  readonly hostname: string;
  readonly clock: Clock;
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

const nonAscii = /\P{ASCII}/u;
const noChange = () => {};

/** One connection: a strict state machine (RFC 5321) with pipelining (RFC 2920), which asks the playbook at every phase. */
export class Session {
  readonly #wire: Wire;
  readonly #host: Host;
  readonly #connection: number;
  #stage: Stage = { kind: 'command' };
  #helo = '';
  #offered: ReadonlySet<string> = new Set();

  constructor(socket: Socket, host: Host, connection: number) {
    this.#wire = new Wire(socket, host.clock, () => this.#advance());
    this.#host = host;
    this.#connection = connection;
    this.#act('greeting', {}, `220 ${host.hostname} ESMTP`, noChange);
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
        return this.#readCommand();
    }
  }

  #readCommand(): boolean {
    const line = this.#wire.takeLine();
    if (line === undefined) return false;
    const pipelined = this.#wire.readable && this.#helo !== '';
    if (pipelined && !this.#offered.has('PIPELINING')) this.#wire.close('503 5.5.0 Improper use of pipelining, which was not offered');
    else this.#obey(parseCommand(line));
    return true;
  }

  #obey({ verb, argument }: Command): void {
    switch (verb) {
      case 'EHLO':
        return this.#ehlo(argument);
      case 'HELO':
        return this.#heloWithoutExtensions(argument);
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
    const { keywords, maxBytes } = this.#host.playbook();
    const reply = [`250 ${this.#host.hostname}`, ...keywords, `SIZE ${maxBytes}`].join('\n');
    this.#act('ehlo', {}, reply, () => this.#greet(helo, [...keywords, 'SIZE']));
  }

  #heloWithoutExtensions(helo: string): void {
    if (helo === '') return this.#wire.reply('501 5.5.4 Syntax: HELO hostname');
    this.#act('ehlo', {}, `250 ${this.#host.hostname}`, () => this.#greet(helo, []));
  }

  #greet(helo: string, offered: readonly string[]): void {
    this.#helo = helo;
    this.#offered = new Set(offered);
    this.#stage = { kind: 'command' };
  }

  #mail(argument: string): void {
    if (this.#helo === '') return this.#wire.reply('503 5.5.1 Send EHLO first');
    if (this.#stage.kind === 'transaction') return this.#wire.reply('503 5.5.1 Nested MAIL command');
    const from = parsePath('FROM', argument);
    if (from === undefined) return this.#wire.reply('501 5.5.4 Syntax: MAIL FROM:<address>');
    const fault = this.#pathFault(from, from.parameters['SMTPUTF8'] !== undefined);
    if (fault !== undefined) return this.#wire.reply(fault);
    if (Number(from.parameters['SIZE'] ?? 0) > this.#host.playbook().maxBytes) return this.#wire.reply('552 5.3.4 Message size exceeds the limit');
    this.#act('mail', { sender: from.address }, '250 2.1.0 Ok', () => {
      this.#stage = { kind: 'transaction', from, to: [] };
    });
  }

  #rcpt(argument: string): void {
    if (this.#stage.kind !== 'transaction') return this.#wire.reply('503 5.5.1 Need MAIL command');
    const { from, to } = this.#stage;
    const path = parsePath('TO', argument);
    if (path === undefined || path.address === '') return this.#wire.reply('501 5.5.4 Syntax: RCPT TO:<address>');
    const fault = this.#pathFault(path, from.parameters['SMTPUTF8'] !== undefined);
    if (fault !== undefined) return this.#wire.reply(fault);
    this.#act('rcpt', { sender: from.address, recipients: [path.address] }, '250 2.1.5 Ok', () => to.push(path));
  }

  #pathFault(path: Path, utf8: boolean): string | undefined {
    const unoffered = findUnoffered(path, this.#offered);
    if (unoffered !== undefined) return `555 5.5.4 Parameter ${unoffered} was not offered`;
    return !utf8 && nonAscii.test(path.address) ? '553 5.6.7 An address beyond ASCII needs SMTPUTF8' : undefined;
  }

  #data(): void {
    if (this.#stage.kind !== 'transaction') return this.#wire.reply('503 5.5.1 Need MAIL command');
    const { from, to } = this.#stage;
    if (to.length === 0) return this.#wire.reply('554 5.5.1 No valid recipients');
    this.#act('data', envelope(from, to), '354 End data with <CR><LF>.<CR><LF>', () => {
      this.#stage = { kind: 'awaiting body', from, to };
    });
  }

  #beginBody({ from, to }: Extract<Stage, { kind: 'awaiting body' }>): void {
    this.#act('body', envelope(from, to), undefined, () => {
      this.#stage = { kind: 'body', from, to, reader: new BodyReader(this.#host.playbook().maxBytes) };
    });
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
    if (action.move.kind === 'reply' && action.move.code >= 400) return this.#perform(action, undefined, noChange);
    const number = this.#host.store({
      connection: this.#connection,
      helo: this.#helo,
      from,
      to,
      raw,
      receivedAt: this.#host.clock.now(),
      replyLost: action.move.kind === 'drop',
    });
    this.#perform(action, `250 2.0.0 Ok: queued as ${number}`, noChange);
  }

  #reset(): void {
    if (this.#stage.kind === 'transaction') this.#stage = { kind: 'command' };
    this.#wire.reply('250 2.0.0 Ok');
  }

  /** Does what the playbook says at this phase: `accept` and `reply` are what a well-behaved server does. */
  #act(phase: Phase, occasion: Occasion, reply: string | undefined, accept: () => void): void {
    this.#perform(this.#host.playbook().decide(phase, occasion), reply, accept);
  }

  #perform(action: Action, reply: string | undefined, accept: () => void): void {
    if (action.delayMs === 0) return this.#conclude(action, reply, accept);
    this.#wire.hold(action.delayMs, () => {
      this.#conclude(action, reply, accept);
      this.#advance();
    });
  }

  #conclude({ move }: Action, reply: string | undefined, accept: () => void): void {
    switch (move.kind) {
      case 'drop':
        return this.#wire.close();
      case 'reply':
        if (move.code < 400) accept();
        // RFC 5321 3.8: 421 says that the channel closes.
        return move.code === 421 ? this.#wire.close(move.text) : this.#wire.reply(move.text);
      case 'proceed':
        accept();
        if (reply !== undefined) this.#wire.reply(reply);
    }
  }
}

function envelope(from: Path, to: readonly Path[]): Occasion {
  return { sender: from.address, recipients: to.map((path) => path.address) };
}
