import type { Clock } from '@posthaste/telemetry';
import type { FleetSight } from './fleet-plan.ts';

const slowestAnswerMs = 2_000;

/**
 * Asks the schedulers, by their metrics, how many senders are needed. Undefined: no partition's owner answers now. The greatest need counts, as each
 * scheduler measured the senders while they worked for the others too.
 */
export async function seeFleet(urls: readonly string[], clock: Clock): Promise<FleetSight | undefined> {
  const answers = await Promise.all(urls.map(askMetrics));
  const text = answers.join('\n');
  const needs = valuesOf(text, 'posthaste_needed_senders');
  if (needs.length === 0) return undefined;
  return {
    at: clock.monotonic(),
    needed: Math.max(...needs),
    late: valuesOf(text, 'posthaste_late').reduce((sum, late) => sum + late, 0),
    frozen: valuesOf(text, 'posthaste_senders_frozen').some((frozen) => frozen > 0),
  };
}

async function askMetrics(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(slowestAnswerMs) });
    const text = await response.text();
    return response.ok ? text : '';
  } catch {
    return '';
  }
}

/** Of every series of the metric: lines such as `name{label="x"} 3`. */
function valuesOf(text: string, name: string): number[] {
  const values = [...text.matchAll(/^(\w+)(?:\{[^}]*\})? ([\d.e+-]+)$/gm)].filter((match) => match[1] === name).map((match) => Number(match[2]));
  return values.filter(Number.isFinite);
}
