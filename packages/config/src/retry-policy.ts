import type { ExponentialDelays, RetryPolicy } from '@posthaste/core/retry-policy';
import { formatDuration, type Parsed, parseDuration, refused, taken } from './quantity.ts';

/** No wait is longer: it keeps arithmetic with times exact, and a mail would be too old by then. */
const longestMs = 366 * 24 * 3_600_000;
const mostRetries = 1_000;

const forms = 'a policy such as 1m,5m,15m, none, or exponential base=1m factor=2 cap=1h retries=10 jitter=none|full; maxAge=1d may follow either';

/** From its form of one line. */
export function parsePolicy(text: string): Parsed<RetryPolicy> {
  const [first = '', ...rest] = text.split(/\s+/);
  const options = readOptions(rest);
  if (!options) return refused(forms);
  return first === 'exponential' ? readExponential(options) : readFixed(first, options);
}

type PolicyOptions = Readonly<Record<string, string>>;

/** Undefined when a word is no `name=value`, or a name comes twice. */
function readOptions(words: readonly string[]): PolicyOptions | undefined {
  const pairs = words.map((word) => word.split('='));
  const whole = pairs.every((pair) => pair.length === 2) && new Set(pairs.map(([name]) => name)).size === pairs.length;
  return whole ? Object.fromEntries(pairs) : undefined;
}

function readFixed(text: string, { maxAge, ...others }: PolicyOptions): Parsed<RetryPolicy> {
  const delays = text === 'none' ? [] : text.split(',').map(duration);
  const age = readMaxAge(maxAge);
  const wrong = delays.includes(undefined) || delays.length > mostRetries || age === undefined || Object.keys(others).length > 0;
  return wrong ? refused(forms) : taken({ kind: 'fixed', delaysMs: delays.filter((delay) => delay !== undefined), ...age });
}

function readExponential(options: PolicyOptions): Parsed<ExponentialDelays> {
  const { base, factor = '2', cap = '1h', retries = '10', jitter = 'full', maxAge, ...others } = options;
  const [baseMs, capMs, age] = [duration(base), duration(cap), readMaxAge(maxAge)];
  const [times, most] = [Number(factor), Number(retries)];
  const sound = times >= 1 && times <= 100 && Number.isInteger(most) && most >= 1 && most <= mostRetries && (jitter === 'full' || jitter === 'none');
  const whole = baseMs !== undefined && baseMs > 0 && capMs !== undefined && capMs >= baseMs && age !== undefined && Object.keys(others).length === 0;
  if (!sound || !whole) return refused(`${forms} with a cap of at least the base, a factor from 1 to 100, retries from 1 to ${mostRetries}`);
  return taken({ kind: 'exponential', baseMs, factor: times, capMs, retries: most, jitter, ...age });
}

function readMaxAge(text: string | undefined): { maxAgeMs?: number } | undefined {
  if (text === undefined) return {};
  const maxAgeMs = duration(text);
  return maxAgeMs === undefined ? undefined : { maxAgeMs };
}

function duration(text = ''): number | undefined {
  const parsed = parseDuration(text);
  return parsed.kind === 'value' && parsed.value <= longestMs ? parsed.value : undefined;
}

/** The same again as text. */
export function showPolicy(policy: RetryPolicy): string {
  const age = policy.maxAgeMs === undefined ? '' : ` maxAge=${formatDuration(policy.maxAgeMs)}`;
  if (policy.kind === 'fixed') return (policy.delaysMs.map(formatDuration).join(',') || 'none') + age;
  const { baseMs, factor, capMs, retries, jitter } = policy;
  return `exponential base=${formatDuration(baseMs)} factor=${factor} cap=${formatDuration(capMs)} retries=${retries} jitter=${jitter}${age}`;
}
