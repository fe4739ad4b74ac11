import {
  classifyReply,
  replyClasses,
  type Attempt,
  type Census,
  type Engine,
  type FleetNeed,
  type Expired,
  type JournalRecord,
  type LaneTable,
  type LiveKind,
  type MailEvent,
  type OutcomeEvent,
} from '@posthaste/core';
import { counter, gauge, histogram, type MailLog, type OutcomeLine } from '@posthaste/telemetry';

const byLane = ['lane'] as const;
const byPartition = ['partition'] as const;
const byClass = ['lane', 'class'] as const;

export const metrics = {
  owner: gauge('posthaste_scheduler_owner', '1 while this scheduler owns the partition. 0 everywhere: nobody decides for its mail.', byPartition),
  epoch: gauge('posthaste_scheduler_epoch', 'The epoch of the present ownership. A rise: ownership has changed hands.', byPartition),
  accepted: counter('posthaste_scheduler_accepted_total', 'Recipients whose tickets were read and journalled.', byLane),
  delivered: counter('posthaste_delivered_total', 'Recipients that an upstream took responsibility for.', byLane),
  deferred: counter(
    'posthaste_deferred_total',
    'Deferrals of recipients, by the class of the reply. A rise: upstreams answer 4xx (greylisted, rate_limited, mailbox_full say why), or replies are lost.',
    byClass,
  ),
  failed: counter(
    'posthaste_failed_total',
    'Recipients that became dead letters, by the class of the last reply. A rise: upstreams refuse (content, size, permanent), or retries run out.',
    byClass,
  ),
  doubted: counter(
    'posthaste_doubted_total',
    'Recipients in doubt: each may be delivered twice. A rise: final replies are lost, or senders die.',
    byLane,
  ),
  presumed: counter(
    'posthaste_presumed_delivered_total',
    'Recipients in doubt that were taken as sent, as lanes.inDoubt says. Each may not have been delivered.',
    byLane,
  ),
  returned: counter('posthaste_returned_total', 'Recipients given back untried. A rise: an upstream is down, or senders go away.', byLane),
  expired: counter('posthaste_expired_total', 'Recipients whose deadline passed. A rise: urgent mail comes too late.', byLane),
  held: counter('posthaste_held_total', 'Recipients held by operators, or in doubt in a lane that holds those.', byLane),
  released: counter('posthaste_released_total', 'Held recipients that were released.', byLane),
  cancelled: counter('posthaste_cancelled_total', 'Recipients cancelled by operators.', byLane),
  revived: counter('posthaste_revived_total', 'Failed recipients that operators queued again.', byLane),
  depth: gauge('posthaste_depth', 'Recipients that are not final. A rise: more comes in than goes out.', ['partition', 'lane', 'state']),
  oldestAge: gauge('posthaste_oldest_age_seconds', 'Age of the oldest mail that is not final; 0 for an empty lane.', ['partition', 'lane']),
  late: gauge(
    'posthaste_late',
    "Mails that are ready and should have been begun by their lane's target. A rise: upstreams are too slow for what comes in.",
    ['partition', 'lane'],
  ),
  oldestReady: gauge(
    'posthaste_oldest_ready_age_seconds',
    'How long the mail that has waited longest could have gone; 0 for a lane with none ready. A rise: the lane waits for upstreams, or for other lanes.',
    ['partition', 'lane'],
  ),
  readyToStart: histogram(
    'posthaste_ready_to_start_seconds',
    'From when a mail could go (acceptance, or due time) to its being started. A rise: a lane waits longer for its turn.',
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600],
    byLane,
  ),
  toDelivery: histogram(
    'posthaste_acceptance_to_delivery_seconds',
    'From the acceptance of a mail (or from its due time) to its delivery.',
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600],
    byLane,
  ),
  difference: gauge(
    'posthaste_conservation_difference',
    'Accepted recipients less final less live ones. Not 0: something was lost or counted twice.',
    byPartition,
  ),
  countedAt: gauge(
    'posthaste_census_timestamp_seconds',
    'When the index was last counted, Unix time. Standing still: depth, oldest age and difference are out of date.',
    byPartition,
  ),
  unread: gauge('posthaste_unread', 'Entries stored but not yet read by the scheduler. A rise: it cannot keep up, or reading is stuck.', byPartition),
  neededSenders: gauge(
    'posthaste_needed_senders',
    'How many senders there should be: the smaller of what the backlog needs and what the upstreams allow. A rise: more comes than the senders can take.',
    byPartition,
  ),
  wantedSenders: gauge(
    'posthaste_wanted_senders',
    'How many senders the backlog would need if the upstreams took everything. Far above posthaste_needed_senders: the upstreams limit, not the senders.',
    byPartition,
  ),
  sendersFrozen: gauge('posthaste_senders_frozen', '1 while the traffic calendar wants no sender to be taken away.', byPartition),
  checkpoints: counter('posthaste_checkpoints_total', 'Checkpoints made. No rise for minutes: recovery would take long, and the journal fills.'),
  unburied: counter('posthaste_dead_letters_unkept_total', 'Dead letters that could not be kept for inspection.'),
};

/** A counter that has not counted yet is 0, not absent: an alert on its rise must see it. */
export function showLanes(lanes: LaneTable): void {
  for (const lane of lanes.names) showLane(lane);
}

function showLane(lane: string): void {
  for (const kind of ['accepted', 'delivered', 'doubted', 'presumed', 'returned', 'expired', 'held', 'released', 'cancelled', 'revived'] as const)
    metrics[kind].inc({ lane }, 0);
  // A refused login defers and fails nothing.
  for (const name of replyClasses.filter((each) => each !== 'authentication')) {
    for (const kind of ['deferred', 'failed'] as const) metrics[kind].inc({ lane, class: name }, 0);
  }
}

/** Counts and logs what the journal has acknowledged. */
export function observer(mailLog: MailLog): (records: readonly JournalRecord[]) => void {
  return (records) => {
    for (const record of records) observe(mailLog, record);
  };
}

function observe(mailLog: MailLog, record: JournalRecord): void {
  if (!record.mail) return;
  const { event, mail, upstream = '' } = record;
  const { ticket } = mail;
  const lane = mail.lane.name;
  if (event.kind === 'moved' || event.kind === 'started') return;
  if (event.kind === 'accepted') return metrics.accepted.inc({ lane }, ticket.recipients.length);
  const recipients = 'recipients' in event ? event.recipients : ticket.recipients.map((_, recipient) => recipient);
  const to = recipients.map((recipient) => ticket.recipients[recipient]?.address ?? '');
  const of = { id: ticket.id, lane, tenant: ticket.tenant, to };
  if ('author' in event) return observeHand(mailLog, event, of);
  count(event, lane);
  if (event.kind === 'expired') return mailLog.expired(of);
  const line = { ...of, upstream, attempt: event.attempt };
  switch (event.kind) {
    case 'delivered':
      if (event.presumed) metrics.presumed.inc({ lane }, event.recipients.length);
      metrics.toDelivery.observe({ lane }, Math.max(0, event.at - Math.max(ticket.acceptedAt, ticket.due ?? 0)) / 1_000);
      return mailLog.delivered({ ...line, reply: event.reply, ...(event.tookMs === undefined ? {} : { tookMs: event.tookMs }) });
    case 'deferred':
      return mailLog.deferred({ ...line, reason: event.reason, reply: event.reply, due: event.due });
    case 'failed':
      return mailLog.failed({ ...line, reason: event.reason, reply: event.reply });
    case 'doubted':
      return mailLog.doubted({ ...line, reply: event.reply });
    case 'returned':
      return mailLog.returned({ ...line, reason: event.reason, ...(event.reply ? { reply: event.reply } : {}) });
  }
}

type ByHand = Extract<MailEvent, { author: string }>;

function observeHand(mailLog: MailLog, event: ByHand, of: Pick<OutcomeLine, 'id' | 'lane' | 'tenant' | 'to'>): void {
  const { kind, author, comment } = event;
  if (kind === 'held' || kind === 'released' || kind === 'cancelled' || kind === 'revived') metrics[kind].inc({ lane: of.lane }, of.to.length);
  mailLog.byHand({ ...of, what: kind, author, comment });
}

type Counted = OutcomeEvent | Expired;

function count(event: Counted, lane: string): void {
  if (event.kind === 'deferred' || event.kind === 'failed')
    metrics[event.kind].inc({ lane, class: classifyReply(event.reply).class }, event.recipients.length);
  else metrics[event.kind].inc({ lane }, event.recipients.length);
}

export function observeWaits(attempts: readonly Attempt[]): void {
  for (const { mail, waitedMs } of attempts) if (waitedMs !== undefined) metrics.readyToStart.observe({ lane: mail.lane.name }, waitedMs / 1_000);
}

const liveKinds: readonly LiveKind[] = ['queued', 'held', 'sending', 'inDoubt'];

export function showCensus(partition: number, census: Census, now: number): void {
  for (const { lane: named, depth, oldestAcceptedAt, oldestReadyAt, late } of census.lanes) {
    const lane = named.name;
    metrics.oldestAge.set({ partition, lane }, ageOf(oldestAcceptedAt, now));
    metrics.oldestReady.set({ partition, lane }, ageOf(oldestReadyAt, now));
    metrics.late.set({ partition, lane }, late);
    for (const kind of liveKinds) metrics.depth.set({ partition, lane, state: kind }, depth[kind]);
  }
  metrics.difference.set({ partition }, census.difference);
  metrics.countedAt.set({ partition }, now / 1_000);
}

/** Who does not own a partition has no say in it. */
export function hidePartition(partition: number, lanes: LaneTable): void {
  const { difference, countedAt, unread, epoch, neededSenders, wantedSenders, sendersFrozen } = metrics;
  for (const gauge of [difference, countedAt, unread, epoch, neededSenders, wantedSenders, sendersFrozen]) gauge.remove({ partition });
  for (const lane of lanes.names) {
    for (const gauge of [metrics.oldestAge, metrics.oldestReady, metrics.late]) gauge.remove({ partition, lane });
    for (const kind of liveKinds) metrics.depth.remove({ partition, lane, state: kind });
  }
}

export function showFleet(partition: number, { needed, wanted, frozen }: FleetNeed): void {
  metrics.neededSenders.set({ partition }, needed);
  metrics.wantedSenders.set({ partition }, wanted);
  metrics.sendersFrozen.set({ partition }, frozen ? 1 : 0);
}

function ageOf(at: number | null, now: number): number {
  return at === null ? 0 : Math.max(0, now - at) / 1_000;
}

/** Walking the index takes time in proportion to it: the larger it is, the rarer it is walked. */
export function censusEveryMs(engine: Engine): number {
  return Math.max(1_000, engine.size / 20);
}
