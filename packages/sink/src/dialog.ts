import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** A raw SMTP client for tests: sends exactly the bytes it is given, so that a test can break every rule of the protocol. */
export interface SmtpDialog {
  send(bytes: string | Uint8Array): void;
  /** The next whole reply, its lines parted by \n. Rejects when the connection ends before one has come. */
  reply(): Promise<string>;
  /** Sends a line with its CRLF and waits for the reply. */
  say(line: string): Promise<string>;
  /** Goes on in TLS, after the server has said that it is ready; `ca` is the certificate to trust, in PEM. */
  secure(ca: string): Promise<void>;
  /** Resolves when the server has closed the connection. */
  closed(): Promise<void>;
  close(): void;
}

/** Connects; the greeting is the first reply. */
export async function openDialog(address: { readonly host: string; readonly port: number }): Promise<SmtpDialog> {
  const socket = connect({ host: address.host, port: address.port, noDelay: true });
  await once(socket, 'connect');
  return new SocketDialog(socket);
}

/** Lines of one reply: `250-` goes on, `250 ` ends it. */
const wholeReply = /^(?:\d{3}-.*\r\n)*\d{3}(?: .*)?\r\n/;

class SocketDialog implements SmtpDialog {
  readonly #closed: Promise<void>;
  #socket: Socket;
  #input = '';
  #ended = false;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
    this.#listen(socket);
  }

  #listen(socket: Socket): void {
    socket.setEncoding('utf8').on('data', (text: string) => {
      this.#input += text;
      this.#wake();
    });
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
    // 'close' follows, and tells whoever waits.
    socket.on('error', () => {});
  }

  send(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  async reply(): Promise<string> {
    for (;;) {
      const whole = wholeReply.exec(this.#input)?.[0];
      if (whole !== undefined) {
        this.#input = this.#input.slice(whole.length);
        return whole.trimEnd().replaceAll('\r\n', '\n');
      }
      if (this.#ended) throw new Error(`the server closed the connection before a reply; unread: ${JSON.stringify(this.#input)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  say(line: string): Promise<string> {
    this.send(`${line}\r\n`);
    return this.reply();
  }

  async secure(ca: string): Promise<void> {
    this.#socket.removeAllListeners('data');
    this.#socket = connectTls({ socket: this.#socket, ca, servername: 'localhost' });
    const secured = once(this.#socket, 'secureConnect');
    this.#listen(this.#socket);
    await secured;
  }

  closed(): Promise<void> {
    return this.#closed;
  }

  close(): void {
    this.#socket.destroy();
  }
}
