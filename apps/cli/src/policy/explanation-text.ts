import { formatDuration } from '@posthaste/config';
import type { PlannedRetry, Span } from '@posthaste/core';
import { showReply, withoutControls } from '../message-text.ts';
import type { Paint } from '../terminal/paint.ts';
import { renderTable } from '../terminal/table.ts';
import type { Case, Explanation, Rule } from './explanation.ts';

/** What comes of one reply, at length. */
export function describeExplanation(explanation: Explanation, paint: Paint): string {
  const { reply, for: of, class: replyClass, because, hintMs, rule, maxAgeMs, retries } = explanation;
  const facts = [
    ['reply', showReply(reply)],
    ['for', describeCase(of)],
    ['class', `${replyClass} (${because})`],
    ...(hintMs === null ? [] : [['hint', `${showMs(hintMs)}: what the first retry waits for, and the least for the others`]]),
    ['rule', describeRule(rule)],
    ...(retries.length === 0 ? [] : [['maximum age', showMs(maxAgeMs)]]),
  ];
  const table = retries.length === 0 ? [] : ['', renderTable([head(paint), ...retries.map(retryRow)])];
  return withoutControls(
    [renderTable(facts.map(([name = '', value = '']) => [paint('bold', name), value])), ...table, '', ends[explanation.end]].join('\n'),
  );
}

const ends: Readonly<Record<Explanation['end'], string>> = {
  RETRIES_EXHAUSTED: 'then it is a dead letter: RETRIES_EXHAUSTED',
  UPSTREAM_REJECTED: 'it is a dead letter at once: UPSTREAM_REJECTED',
  UPSTREAM_DOWN: 'it waits with the reason UPSTREAM_DOWN and spends no attempt',
};

/** Of several replies, a line each. */
export function tableOfExplanations(all: readonly Explanation[], paint: Paint): string {
  const heading = ['CLASS', 'FOR EXAMPLE', 'RETRIES', 'LAST AFTER', 'POLICY', 'BY'].map((word) => paint('bold', word));
  const rows = all.map(({ class: replyClass, reply, retries, rule, end }) => [
    replyClass,
    showReply(reply),
    end === 'UPSTREAM_DOWN' ? 'not spent' : String(retries.length),
    showSpan(retries.at(-1)?.after),
    rule.policy,
    rule.match === null ? rule.from : `${rule.from}: ${rule.match}`,
  ]);
  return [describeCase(all[0]?.for), '', renderTable([heading, ...rows])].join('\n');
}

function describeCase(of: Case | undefined): string {
  if (!of) return '';
  return `lane ${of.lane}, tenant ${of.tenant}, upstream ${of.upstream}, ${of.domain === '' ? 'any domain without a rule' : `domain ${of.domain}`}`;
}

function describeRule({ from, match, policy }: Rule): string {
  return `${from}${match === null ? '' : `: ${match}`}${policy === 'none' ? '' : `, ${policy}`}`;
}

const head = (paint: Paint) => ['RETRY', 'WAIT', 'AFTER'].map((word) => paint('bold', word));

function retryRow({ wait, after }: PlannedRetry, index: number): string[] {
  return [String(index + 1), showSpan(wait), showSpan(after)];
}

function showSpan(span: Span | undefined): string {
  if (!span) return '';
  return span.leastMs === span.mostMs ? showMs(span.mostMs) : `${showMs(span.leastMs)} to ${showMs(span.mostMs)}`;
}

const units: readonly (readonly [ms: number, name: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
];

/** `1h 20m` rather than 80m; what is below a second only where there is nothing above it. */
function showMs(ms: number): string {
  if (ms < 1_000) return formatDuration(ms);
  let left = ms;
  const parts = units.flatMap(([length, name]) => {
    const amount = Math.floor(left / length);
    left -= amount * length;
    return amount === 0 ? [] : [`${amount}${name}`];
  });
  return parts.join(' ');
}
