import type { PartitionFigures, PosthasteClient, QueueStats, UpstreamFigures } from '@posthaste/client';
import { askApi } from '../api.ts';
import { Failure } from '../failure.ts';
import { fail, type Finding, pass, patienceMs, warn } from './check.ts';

/** What only the api and, behind it, the scheduler know. */
export async function checkQueue(endpoint: string): Promise<Finding[]> {
  try {
    const stats = await askApi(endpoint, 1, (client: PosthasteClient) => client.stats({ timeoutMs: patienceMs }));
    return [
      pass('api calls', `answered at ${endpoint}`),
      checkSenders(stats),
      ...stats.partitions.flatMap(checkPartition),
      ...stats.upstreams.map(checkUpstream),
      checkFill(stats),
    ];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [fail('api calls', `${endpoint}: ${error.message}`, error.details.hint ?? 'See api and scheduler.')];
  }
}

function checkSenders({ senders }: QueueStats): Finding {
  if (senders.length > 0) return pass('senders', `${senders.length} connected`);
  return fail(
    'senders',
    'none is connected: nothing is delivered',
    'Start a sender; if one runs, its log says why it does not reach the scheduler (scheduler.advertise, sender.scheduler).',
  );
}

function checkPartition({ partition, owner }: PartitionFigures): Finding[] {
  if (owner !== undefined) return [];
  return [
    fail(
      `partition ${partition}`,
      'no scheduler owns it: its mail waits',
      'Start a scheduler with the same number of partitions, and look at its log.',
    ),
  ];
}

function checkUpstream({ name, state, trouble, queuedCount }: UpstreamFigures): Finding {
  const check = `upstream ${name}`;
  if (state === 'recovering') return pass(check, `answers again, and is watched before mail returns to it from others; ${queuedCount} waiting`);
  if (state === 'up') return pass(check, `takes mail, ${queuedCount} waiting`);
  return fail(
    check,
    `down: ${trouble}; ${queuedCount} waiting`,
    'Its mail waits and loses no attempt; mend the upstream, its address or its password.',
  );
}

/** Where the doors begin to refuse, and where it is worth a look. */
const [refusingRatio, fullishRatio] = [0.9, 0.7];

function checkFill({ fillRatio }: QueueStats): Finding {
  const says = `the fullest is ${Math.round(fillRatio * 100)} % full`;
  if (fillRatio >= refusingRatio)
    return fail('streams', `${says}: new mail is refused`, 'See which upstream is down in posthaste stats, or raise limits.storage.');
  return fillRatio >= fullishRatio
    ? warn('streams', says, `At ${refusingRatio * 100} % new mail is refused: see posthaste stats.`)
    : pass('streams', says);
}
