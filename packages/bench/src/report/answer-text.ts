import type { AnswerResult } from '../scenario/answer.ts';
import { describePercentiles } from './text.ts';

export function describeAnswer({ upstream, way, answerMs }: AnswerResult): string {
  return `the upstream ${upstream}, ${way === 'api' ? 'handed to the api' : 'nodemailer in the request'}: ${describePercentiles(answerMs)}`;
}

/** By how much the answer comes sooner, at the same upstream. */
export function summarizeAnswers(results: readonly AnswerResult[]): string {
  const [inRequest, api] = (['in-request', 'api'] as const).map((way) => results.find((result) => result.way === way)?.answerMs);
  if (!inRequest || !api) return '';
  const sooner = (part: 'p50' | 'p99') => `${part} ${((1 - api[part] / inRequest[part]) * 100).toFixed(1)} %`;
  return `with an upstream that takes 200 ms the answer comes sooner by: ${sooner('p50')}, ${sooner('p99')}`;
}
