import { type ChildProcess, spawn } from 'node:child_process';

/** What a process of the benchmark can be asked. Arguments and answers cross by structured clone. */
type Methods = Readonly<Record<string, (argument: never) => unknown>>;

interface Question {
  readonly number: number;
  readonly method: string;
  readonly argument: unknown;
}

type Answer = { readonly number: number } & (
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly message: string }
);

/** Answers the benchmark until it goes away. */
export function serveRemote(methods: Methods): void {
  process.on('message', (question: Question) => void answer(methods, question).then((said) => process.send?.(said)));
  process.on('disconnect', () => process.exit(0));
}

async function answer(methods: Methods, { number, method, argument }: Question): Promise<Answer> {
  try {
    return { number, kind: 'done', value: await methods[method]?.(argument as never) };
  } catch (error) {
    return { number, kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

interface Waiter {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A process that serves `M`: load and sink have one each, so that neither slows the other nor is slowed by what it measures. */
export class Remote<M extends Methods> {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiter>();
  #asked = 0;

  constructor(name: string, file: string, flags: readonly string[] = []) {
    this.#name = name;
    this.#child = spawn(process.execPath, [...flags, file], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced' });
    this.#child.on('message', (said: Answer) => this.#hear(said));
    this.#child.on('exit', (code, signal) => this.#fail(`the ${name} process ended with ${signal ?? `code ${code}`}`));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  ask<K extends keyof M & string>(method: K, argument: Parameters<M[K]>[0]): Promise<Awaited<ReturnType<M[K]>>> {
    this.#asked += 1;
    const question: Question = { number: this.#asked, method, argument };
    return new Promise((resolve, reject) => {
      this.#waiting.set(question.number, { resolve: resolve as Waiter['resolve'], reject });
      this.#child.send(question, (error) => error && this.#fail(`the ${this.#name} process cannot be asked: ${error.message}`));
    });
  }

  end(): void {
    this.#child.removeAllListeners('exit');
    if (this.#child.connected) this.#child.disconnect();
  }

  #hear(said: Answer): void {
    const waiter = this.#waiting.get(said.number);
    this.#waiting.delete(said.number);
    if (said.kind === 'done') waiter?.resolve(said.value);
    else waiter?.reject(new Error(`${this.#name}: ${said.message}`));
  }

  #fail(sentence: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(sentence));
    this.#waiting.clear();
  }
}
