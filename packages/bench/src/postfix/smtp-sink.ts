import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { eventually, freePort } from '@posthaste/testkit';
import { sharedNow } from '../shared-time.ts';

/** As root it wants to be told whose rights it shall take. */
const asNobody = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
/** Connections that may wait to be taken. */
const backlog = '512';

/** postfix's smtp-sink as a child process, and what its running counter says. */
export class SmtpSink {
  readonly port: number;
  readonly pid: number;
  readonly #child: ChildProcess;
  #mails = 0;
  #lastAt = sharedNow();

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
    this.pid = child.pid ?? 0;
    child.stdout?.setEncoding('latin1').on('data', (text: string) => this.#read(text));
  }

  static async start(program: string): Promise<SmtpSink> {
    const port = await freePort();
    const sink = new SmtpSink(spawn(program, [...asNobody, '-c', `127.0.0.1:${port}`, backlog], { stdio: ['ignore', 'pipe', 'inherit'] }), port);
    await eventually(() => answers(port), { describe: 'smtp-sink listens' });
    return sink;
  }

  get mails(): number {
    return this.#mails;
  }

  /** When the last mail came, in `sharedNow`. */
  get lastAt(): number {
    return this.#lastAt;
  }

  stop(): void {
    this.#child.kill('SIGTERM');
  }

  /** It writes `sess=20 quit=20 mesg=3000`, over and over in one line; a piece may end in the middle of a number. */
  #read(text: string): void {
    const count = Number(/mesg=(\d+)\r(?!.*mesg=\d+\r)/s.exec(text)?.[1] ?? 0);
    if (count <= this.#mails) return;
    this.#mails = count;
    this.#lastAt = sharedNow();
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => socket.end('QUIT\r\n').resume());
    socket.once('error', () => resolve(false));
    socket.once('close', (failed) => resolve(!failed));
  });
}
