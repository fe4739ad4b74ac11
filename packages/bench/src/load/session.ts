import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { sharedNow } from '../shared-time.ts';
import { headOf, recipientOf, senderOf, type Template } from './message.ts';

/** What became of one mail. */
export type Handover =
  | { readonly kind: 'accepted'; readonly at: number; /** From the final dot to its reply. */ readonly replyMs: number }
  | { readonly kind: 'refused'; readonly reply: string };

interface Reply {
  readonly code: number;
  readonly line: string;
}

/** A client's connection, kept for many mails, as smtp-source -d does it: each command waits for its reply, unless pipelining is asked for. */
export class Session {
  readonly #socket: Socket;
  readonly #pipelining: boolean;
  #input = '';
  #arrived: Reply[] = [];
  #waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void } | undefined;
  #broken: Error | undefined;

  private constructor(socket: Socket, pipelining: boolean) {
    this.#socket = socket;
    this.#pipelining = pipelining;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#read(text));
    socket.on('error', (error) => this.#break(error));
    socket.on('close', () => this.#break(new Error('the relay closed the connection')));
  }

  static async open(port: number, pipelining: boolean): Promise<Session> {
    const socket = connect({ host: '127.0.0.1', port });
    await once(socket, 'connect');
    const session = new Session(socket, pipelining);
    await session.#expect(220);
    await session.#command('EHLO load.bench.example', 250);
    return session;
  }

  async send(number: number, order: number, template: Template, date: string): Promise<Handover> {
    const to = recipientOf(number, template.domains);
    const refusal = this.#pipelining ? await this.#envelopeAtOnce(to) : await this.#envelope(to);
    if (refusal) return this.#refused(refusal);
    this.#socket.cork();
    this.#socket.write(headOf(number, order, date, template), 'latin1');
    this.#socket.write(template.rest);
    this.#socket.uncork();
    const dotAt = sharedNow();
    const reply = await this.#next();
    if (reply.code !== 250) return this.#refused(reply);
    const at = sharedNow();
    return { kind: 'accepted', at, replyMs: at - dotAt };
  }

  async close(): Promise<void> {
    this.#socket.removeAllListeners('close');
    this.#socket.end('QUIT\r\n');
    this.#socket.resume();
    await once(this.#socket, 'close');
  }

  /** The first reply that was not the hoped-for one. */
  async #envelope(to: string): Promise<Reply | undefined> {
    const mail = await this.#ask(`MAIL FROM:<${senderOf()}>`);
    if (mail.code !== 250) return mail;
    const rcpt = await this.#ask(`RCPT TO:<${to}>`);
    if (rcpt.code !== 250) return rcpt;
    const data = await this.#ask('DATA');
    return data.code === 354 ? undefined : data;
  }

  async #envelopeAtOnce(to: string): Promise<Reply | undefined> {
    this.#socket.write(`MAIL FROM:<${senderOf()}>\r\nRCPT TO:<${to}>\r\nDATA\r\n`, 'latin1');
    const replies = [await this.#next(), await this.#next(), await this.#next()];
    return replies.find((reply, index) => reply.code !== (index === 2 ? 354 : 250));
  }

  async #refused({ line }: Reply): Promise<Handover> {
    await this.#command('RSET', 250);
    return { kind: 'refused', reply: line };
  }

  async #command(line: string, code: number): Promise<void> {
    this.#socket.write(`${line}\r\n`);
    await this.#expect(code);
  }

  async #expect(code: number): Promise<void> {
    const reply = await this.#next();
    if (reply.code !== code) throw new Error(`the relay said '${reply.line}' where ${code} was expected`);
  }

  #ask(line: string): Promise<Reply> {
    this.#socket.write(`${line}\r\n`, 'latin1');
    return this.#next();
  }

  #next(): Promise<Reply> {
    const reply = this.#arrived.shift();
    if (reply) return Promise.resolve(reply);
    if (this.#broken) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
  }

  #read(text: string): void {
    this.#input += text;
    for (let end = this.#input.indexOf('\r\n'); end !== -1; end = this.#input.indexOf('\r\n')) {
      const line = this.#input.slice(0, end);
      this.#input = this.#input.slice(end + 2);
      // A hyphen after the code: the reply has more lines (RFC 5321 4.2.1).
      if (line[3] !== '-') this.#take({ code: Number.parseInt(line, 10), line });
    }
  }

  #take(reply: Reply): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting.resolve(reply);
    else this.#arrived.push(reply);
  }

  #break(error: Error): void {
    this.#broken = error;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}
