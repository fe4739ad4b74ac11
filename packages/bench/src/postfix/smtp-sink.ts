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
  #rest = '';
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

  #read(text: string): void {
    const { mails, rest } = readCounter(this.#rest + text);
    this.#rest = rest;
    if (mails === undefined || mails === this.#mails) return;
    this.#mails = mails;
    this.#lastAt = sharedNow();
  }
}

/** It writes `sess=20 quit=20 mesg=3000` and a carriage return, over and over; the last one may have come in part. */
export function readCounter(text: string): { readonly mails: number | undefined; readonly rest: string } {
  const end = text.lastIndexOf('\r');
  const last = text.slice(text.lastIndexOf('\r', end - 1) + 1, Math.max(end, 0));
  const mails = /mesg=(\d+)/.exec(last)?.[1];
  return { mails: mails === undefined ? undefined : Number(mails), rest: text.slice(end + 1) };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => socket.end('QUIT\r\n').resume());
    socket.once('error', () => resolve(false));
    socket.once('close', (failed) => resolve(!failed));
  });
}
