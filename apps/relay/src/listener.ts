import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { SMTPConnection, type SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection';
import type { Crowd } from './crowd.ts';
import { refusalsTotal, tlsFailuresTotal } from './metrics.ts';

/** Who looks at each negative reply before it leaves, and hears of it after. */
export interface Editor {
  /** The library's words in ours: with a reason, and a code that says it. */
  reword(code: number, text: string, context: string | false | undefined): Rewording;
  sent(connection: SMTPConnection, code: number): void;
}

export interface Rewording {
  readonly code: number;
  readonly text: string;
}

export interface ListenerOptions {
  readonly smtp: SMTPServerOptions;
  readonly crowd: Crowd;
  readonly editor: Editor;
}

/** smtp-server, with our limits before its sessions and our words in its replies. */
export class Listener extends SMTPServer {
  readonly #crowd: Crowd;
  readonly #editor: Editor;

  constructor({ smtp, crowd, editor }: ListenerOptions) {
    super(smtp);
    this.#crowd = crowd;
    this.#editor = editor;
  }

  /** Before TLS and before the greeting. */
  override _acceptSocket(socket: Socket, handshake: boolean): (() => void) | false {
    const refused = this.#crowd.admit(socket);
    if (!refused) return super._acceptSocket(socket, handshake);
    if (refused.reason) refusalsTotal.labels(refused.reason).inc();
    turnAway(socket, handshake ? '' : `${refused.responseCode} ${refused.message}\r\n`);
    return false;
  }

  override connect(socket: Socket | TLSSocket, options?: SMTPConnectionOptions | null): void {
    const connection = new Connection(this, socket, options, this.#crowd, this.#editor);
    this.connections.add(connection);
    connection.on('error', (error: Error) => this._onError(error));
    connection.init();
  }

  override _upgrade(socket: Socket, callback: Upgraded): void {
    super._upgrade(socket, (error, secured) => {
      if (error) tlsFailuresTotal.inc();
      callback(error, secured);
    });
  }

  /** Of sockets whose TLS handshake takes longer, the upper one goes: to tear TLS down from below is not safe. */
  endHandshakesOver(timeoutMs: number): number {
    let ended = 0;
    for (const [socket, upper] of this._pendingSockets) {
      if (this.#crowd.ageMs(socket) <= timeoutMs) continue;
      upper.destroy();
      ended += 1;
    }
    return ended;
  }
}

type Upgraded = Parameters<SMTPServer['_upgrade']>[1];

class Connection extends SMTPConnection {
  readonly #crowd: Crowd;
  readonly #editor: Editor;

  constructor(server: SMTPServer, socket: Socket | TLSSocket, options: SMTPConnectionOptions | null | undefined, crowd: Crowd, editor: Editor) {
    super(server, socket, options);
    this.#crowd = crowd;
    this.#editor = editor;
  }

  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    if (code < 400 || typeof data !== 'string') return super.send(code, data, context);
    const reworded = this.#editor.reword(code, data, context);
    super.send(reworded.code, reworded.text, context);
    this.#editor.sent(this, reworded.code);
  }

  /** The reception lists them in upper case; smtp-server would make them so at every command. */
  override _isDisabled(command: string): boolean {
    return this.session.disabledCommands?.includes(command) ?? super._isDisabled(command);
  }

  /** The watchdog has an eye on the time: a timer of each socket would be set anew with every read and write. */
  override _armTimeout(socket: Socket = this._socket): void {
    socket.setTimeout(0);
  }

  override _onClose(): void {
    if (this._upgrading && !this._closed) tlsFailuresTotal.inc();
    super._onClose();
  }

  /** smtp-server takes all listeners off a socket that goes under TLS. */
  override upgrade(callback: () => void, secureCallback?: () => void): void {
    const lower = this._socket;
    super.upgrade(callback, secureCallback);
    this.#crowd.follow(lower);
  }
}

function turnAway(socket: Socket, reply: string): void {
  // The client may be gone already.
  socket.on('error', () => {});
  socket.end(reply, () => socket.destroy());
}
