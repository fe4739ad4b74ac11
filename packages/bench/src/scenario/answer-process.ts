/** An application that sends a mail in answering a request: a process of its own, which the benchmark asks to work. */
import { content, createInRequest } from '../peers/in-request.ts';
import { serveRemote } from '../remote.ts';
import { sharedNow } from '../shared-time.ts';

export interface AnswerOrder {
  /** in-request: nodemailer to the upstream. api: REST to Posthaste. */
  readonly way: 'in-request' | 'api';
  readonly port: number;
  readonly requests: number;
  /** Requests at once. */
  readonly concurrency: number;
}

/** How long each request took. Throws when one failed. */
async function answer({ way, port, requests, concurrency }: AnswerOrder): Promise<Float64Array> {
  const sender = way === 'api' ? { send: () => submit(port), close: () => {} } : createInRequest(port, concurrency);
  const times = new Float64Array(requests);
  let begun = 0;
  const work = async () => {
    for (let number = begun++; number < requests; number = begun++) {
      const startedAt = sharedNow();
      await sender.send();
      times[number] = sharedNow() - startedAt;
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, work));
    return times;
  } finally {
    sender.close();
  }
}

let number = 0;

async function submit(port: number): Promise<void> {
  number += 1;
  const body = JSON.stringify({ from: 'app@bench.example', to: [`${number}@bench.example`], ...content });
  const response = await fetch(`http://127.0.0.1:${port}/v1/messages`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const said = await response.text();
  if (response.status !== 202) throw new Error(`the api said ${response.status}: ${said}`);
}

const methods = { answer };

export type AnswerMethods = typeof methods;

serveRemote(methods);
