import type { Socket } from 'node:net';
import { TLSSocket, type SecureContext } from 'node:tls';
import type { Clock } from '@posthaste/telemetry';

const lineEnd = Buffer.from('\r\n');
const nothing: Buffer = Buffer.alloc(0);
/** RFC 5321 4.5.3.1.4 asks for 512 bytes and more for extensions. */
const maxLineBytes = 4096;
/** What is read ahead while held; beyond it the client is held up by TCP. */
const maxReadAheadBytes = 256 * 1024;

/** The bytes of one connection: input that waits to be read, and replies that gather until they are flushed. */
export class Wire {
  readonly #clock: Clock;
  readonly #onInput: () => void;
  readonly #closing = new AbortController();
  #state: 'open' | 'held' | 'closed' = 'open';
  #socket: Socket;
  #secured = false;
  #input = nothing;
  #output = '';

  constructor(socket: Socket, clock: Clock, onInput: () => void) {
    this.#clock = clock;
    this.#onInput = onInput;
    this.#socket = socket;
    this.#attend();
  }

  /** Whether TLS is on, or its handshake under way. */
  get secured(): boolean {
    return this.#secured;
  }

  /** Goes on in TLS. What came in clear behind STARTTLS is thrown away: it may be an attacker's (RFC 3207 6). */
  secure(secureContext: SecureContext): void {
    this.flush();
    this.#input = nothing;
    this.#secured = true;
    this.#socket.removeAllListeners('data');
    this.#socket = new TLSSocket(this.#socket, { isServer: true, secureContext });
    // A handshake that fails ends the session by 'close', which follows.
    this.#socket.on('error', () => {});
    this.#attend();
  }

  #attend(): void {
    // No encoding is set on the socket, so that pieces are always Buffers.
    this.#socket.on('data', (piece) => this.#take(piece as Buffer));
    this.#socket.on('close', () => this.#end());
  }

  /** Whether there is input, and it may be read now. */
  get readable(): boolean {
    return this.#state === 'open' && this.#input.length > 0;
  }

  /** Without its CRLF; undefined when no whole one has come. */
  takeLine(): string | undefined {
    const at = this.#input.indexOf(lineEnd);
    if (at === -1) {
      if (this.#input.length > maxLineBytes) this.close('500 5.5.2 Line too long: a command ends in CRLF within 4096 bytes');
      return undefined;
    }
    const line = this.#input.toString('utf8', 0, at);
    this.#input = this.#input.subarray(at + lineEnd.length);
    return line;
  }

  takeAll(): Buffer {
    const all = this.#input;
    this.#input = nothing;
    return all;
  }

  /** Returns what was taken too much. */
  putBack(rest: Buffer): void {
    this.#input = rest;
  }

  /** `\n` parts the lines of a long one. Pipelined commands get their replies in one packet, by the flush after the last. */
  reply(text: string): void {
    this.#output += text.includes('\n') ? formatLines(text.split('\n')) : `${text}\r\n`;
  }

  flush(): void {
    if (this.#output !== '') this.#socket.write(this.#output);
    this.#output = '';
  }

  /** Keeps input waiting, so that replies stay in order, and goes on with `then`; never when the connection closes before. */
  hold(ms: number, then: () => void): void {
    this.flush();
    this.#state = 'held';
    this.#clock.sleep(ms, this.#closing.signal).then(
      () => {
        if (this.#state === 'closed') return;
        this.#state = 'open';
        this.#socket.resume();
        then();
      },
      // The sleep only rejects when the connection has closed: nobody waits for what would follow.
      () => {},
    );
  }

  close(lastReply?: string): void {
    if (lastReply !== undefined) this.reply(lastReply);
    this.flush();
    this.#end();
    this.#socket.destroySoon();
  }

  #take(piece: Buffer): void {
    if (this.#state === 'closed') return;
    this.#input = this.#input.length === 0 ? piece : Buffer.concat([this.#input, piece]);
    if (this.#state === 'open') this.#onInput();
    else if (this.#input.length > maxReadAheadBytes) this.#socket.pause();
  }

  #end(): void {
    this.#state = 'closed';
    this.#input = nothing;
    this.#closing.abort();
  }
}

/** `451 one\ntwo` as the lines of RFC 5321 4.2.1: the code on each, a hyphen after it on all but the last. */
function formatLines(lines: readonly string[]): string {
  const code = lines[0]?.slice(0, 3) ?? '';
  const texts = [lines[0]?.slice(4) ?? '', ...lines.slice(1)];
  return texts.map((text, index) => `${code}${index === texts.length - 1 ? ' ' : '-'}${text}\r\n`).join('');
}
