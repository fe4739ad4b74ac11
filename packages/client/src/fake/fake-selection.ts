import { durationMs, timestampMs } from '@bufbuild/protobuf/wkt';
import type { Message, MessageSelector, Recipient, SuspensionMatch } from '@posthaste/protocol';

/** What selectors, suspensions and lists of dead letters narrow by. The lane by its name alone: a number means one of the four, and not those that have it as their base. */
type Narrowing = Pick<SuspensionMatch, 'tenant' | 'domain' | 'laneName' | 'campaign'> &
  Partial<Pick<MessageSelector, 'upstream' | 'tags' | 'state' | 'reason' | 'olderThan'>>;

/** All mail of a fake is bound for this one, unless it was moved. */
export const fakeUpstream = 'fake';

/** Whether all that is given holds; what is not given does not limit. */
export function isNamed(message: Message, recipient: Recipient, by: Narrowing, boundFor: string, nowMs: number): boolean {
  const acceptedMs = message.acceptedAt ? timestampMs(message.acceptedAt) : nowMs;
  return (
    isOneOf(message.tenant, by.tenant) &&
    (by.domain === '' || recipient.address.toLowerCase().endsWith(`@${by.domain.toLowerCase()}`)) &&
    isOneOf(boundFor, by.upstream) &&
    isOneOf(message.laneName, by.laneName) &&
    isOneOf(message.tags['campaign'], by.campaign) &&
    Object.entries(by.tags ?? {}).every(([name, value]) => message.tags[name] === value) &&
    isOneOf(recipient.state, by.state) &&
    isOneOf(recipient.reason, by.reason) &&
    (by.olderThan === undefined || acceptedMs < nowMs - durationMs(by.olderThan))
  );
}

/** The contract's empty text and its value 0 ask for nothing. */
function isOneOf<T extends string | number>(value: T | undefined, asked: T | undefined): boolean {
  return asked === undefined || asked === '' || asked === 0 || value === asked;
}
