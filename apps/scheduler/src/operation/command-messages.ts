import { create } from '@bufbuild/protobuf';
import { timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import {
  type Command,
  type KnownCommand,
  type LaneTable,
  type MailMatch,
  type NamedLane,
  type Reason,
  type RecipientState,
  type Selector,
  type Verb,
} from '@posthaste/core';
import { ProgressSchema, type OperateRequest, type Progress, type Selector as WireSelector } from '@posthaste/protocol/dispatch';
import { Refused } from './call.ts';

export function readCommand({ id, at, author, comment, selector, act }: OperateRequest, lanes: LaneTable): Command {
  const by = { author, comment, at: at ? timestampMs(at) : 0 };
  return { id, verb: readVerb(act, lanes), selector: readSelector(selector, lanes), by };
}

function readVerb(act: OperateRequest['act'], lanes: LaneTable): Verb {
  switch (act.case) {
    case 'hold':
    case 'release':
    case 'cancel':
    case 'retry':
    case 'revive':
    case 'purge':
      return { kind: act.case };
    case 'reschedule':
      return { kind: 'reschedule', due: act.value.due ? timestampMs(act.value.due) : 0 };
    case 'changeLane':
      return { kind: 'changeLane', ...readLane(act.value.lane, lanes).written };
    case 'move':
      return { kind: 'move', upstream: act.value.upstream };
    default:
      throw new Refused(status.INVALID_ARGUMENT, 'act: nothing is to be done, expected one of the acts');
  }
}

function readLane(name: string, lanes: LaneTable): NamedLane {
  const lane = lanes.named(name);
  if (!lane) throw new Refused(status.INVALID_ARGUMENT, `lane: '${name}' is not known to this scheduler, expected one of ${lanes.names.join(', ')}`);
  return lane;
}

/** What is empty does not limit. A state or a reason that nobody has names nothing. */
export function readSelector(selector: WireSelector | undefined, lanes: LaneTable): Selector {
  if (!selector) return {};
  const { ids, state, reason, acceptedBefore } = selector;
  return {
    ...readMatch(selector, lanes),
    ...(ids.length > 0 && { ids }),
    ...(state !== '' && { state: state as RecipientState['kind'] }),
    ...(reason !== '' && { reason: reason as Reason }),
    ...(acceptedBefore && { acceptedBefore: timestampMs(acceptedBefore) }),
  };
}

export function readMatch({ tenant, domain, upstream, lane, campaign, tags }: WireSelector, lanes: LaneTable): MailMatch {
  return {
    ...(tenant !== '' && { tenant }),
    ...(domain !== '' && { domain: domain.toLowerCase() }),
    ...(upstream !== '' && { upstream }),
    ...(lane !== '' && { lane: readLane(lane, lanes).name }),
    ...(campaign !== '' && { campaign }),
    ...(Object.keys(tags).length > 0 && { tags }),
  };
}

export function progressMessage({ command, dryRun, progress }: KnownCommand): Progress {
  const { done, matched, changed, pending, unchanged } = progress;
  const { id, verb, by } = command;
  return create(ProgressSchema, {
    id,
    act: verb.kind,
    done,
    dryRun,
    matched: BigInt(matched),
    changed: BigInt(changed),
    pending: BigInt(pending),
    unchanged: Object.entries(unchanged).map(([cause, count]) => ({ cause, count: BigInt(count) })),
    author: by.author,
    comment: by.comment,
    at: timestampFromMs(by.at),
  });
}
