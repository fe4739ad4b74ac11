import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { eventually, freePort } from '@posthaste/testkit';
import { sharedNow } from '../shared-time.ts';

/** As root it wants to be told whose rights it shall take. */
const asNobody = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
/** Connections that may wait to be taken. */
const backlog = '512';

const lookEveryMs = 10;
/** More than two of its counts. */
const tailBytes = 200;

/**
 * postfix's smtp-sink as a child process, and what its running counter says. That goes to a file which is looked at now and then: a pipe would wake the
 * benchmark with each mail, at a thirtieth of the work that is measured.
 */
export class SmtpSink {
  readonly port: number;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #output: number;
  readonly #tail = Buffer.alloc(tailBytes);
  readonly #timer = setInterval(() => this.#look(), lookEveryMs);
  #mails = 0;
  #lastAt = sharedNow();

  private constructor(child: ChildProcess, port: number, output: number) {
    this.#child = child;
    this.#output = output;
    this.port = port;
    this.pid = child.pid ?? 0;
  }

  /** Its counter lies in `folder`. */
  static async start(program: string, folder: string): Promise<SmtpSink> {
    const port = await freePort();
    const path = join(folder, 'smtp-sink.count');
    const output = openSync(path, 'w+');
    const child = spawn(program, [...asNobody, '-c', `127.0.0.1:${port}`, backlog], { stdio: ['ignore', output, 'inherit'] });
    // Both hold it open.
    rmSync(path);
    const sink = new SmtpSink(child, port, output);
    await eventually(() => answers(port), { describe: 'smtp-sink listens' });
    return sink;
  }

  get mails(): number {
    return this.#mails;
  }

  /** When the last mail was seen to have come, in `sharedNow`. */
  get lastAt(): number {
    return this.#lastAt;
  }

  stop(): void {
    clearInterval(this.#timer);
    closeSync(this.#output);
    this.#child.kill('SIGTERM');
  }

  #look(): void {
    const { size } = fstatSync(this.#output);
    const length = readSync(this.#output, this.#tail, 0, tailBytes, Math.max(0, size - tailBytes));
    const mails = readCounter(this.#tail.toString('latin1', 0, length));
    if (mails === undefined || mails === this.#mails) return;
    this.#mails = mails;
    this.#lastAt = sharedNow();
  }
}

/** It writes `sess=20 quit=20 mesg=3000` and a carriage return, over and over. The last whole one of a text that may begin and end within one. */
export function readCounter(text: string): number | undefined {
  const end = text.lastIndexOf('\r');
  const last = text.slice(text.lastIndexOf('\r', end - 1) + 1, Math.max(end, 0));
  const mails = /mesg=(\d+)/.exec(last)?.[1];
  return mails === undefined ? undefined : Number(mails);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => socket.end('QUIT\r\n').resume());
    socket.once('error', () => resolve(false));
    socket.once('close', (failed) => resolve(!failed));
  });
}
