import { join } from 'node:path';
import { type Percentiles, percentiles } from '../report/percentiles.ts';
import { Remote } from '../remote.ts';
import { type Rig, withSystem } from '../rig.ts';
import type { System } from '../system/system.ts';
import type { AnswerMethods, AnswerOrder } from './answer-process.ts';

export interface AnswerResult {
  readonly upstream: string;
  readonly way: AnswerOrder['way'];
  readonly answerMs: Percentiles;
}

const concurrency = 10;
const requests = { 'in-request': 300, api: 2_000 } as const;
const slowUpstreamMs = 200;
const hangingUpstreamMs = 5_000;

/** How long an application's own client waits for a mail that is sent in its request: by nodemailer, and by handing it to the api, in durable mode. */
export async function runAnswer(rig: Rig, onResult: (result: AnswerResult) => void): Promise<readonly AnswerResult[]> {
  const application = new Remote<AnswerMethods>('application', join(import.meta.dirname, 'answer-process.ts'));
  try {
    return await withSystem(rig, 'durable', (system) => askAll(rig, system, application, onResult));
  } finally {
    application.end();
  }
}

async function askAll(
  rig: Rig,
  system: System,
  application: Remote<AnswerMethods>,
  onResult: (result: AnswerResult) => void,
): Promise<AnswerResult[]> {
  const results: AnswerResult[] = [];
  const ask = async (upstream: string, way: AnswerOrder['way']) => {
    const port = way === 'api' ? system.webPort : rig.upstreamPort;
    const result = { upstream, way, answerMs: percentiles(await application.ask('answer', { way, port, requests: requests[way], concurrency })) };
    results.push(result);
    onResult(result);
  };
  await rig.sink.ask('expect', 0);
  await application.ask('answer', { way: 'api', port: system.webPort, requests: 1_000, concurrency });
  await rig.sink.ask('script', { rules: [{ at: 'final', delayMs: slowUpstreamMs }] });
  await ask('takes 200 ms', 'in-request');
  await ask('takes 200 ms', 'api');
  await rig.sink.ask('script', { rules: [{ at: 'final', delayMs: hangingUpstreamMs }] });
  await ask('takes 5 s', 'api');
  await rig.sink.ask('close', undefined);
  await ask('is down', 'api');
  return results;
}
