import { timestampMs } from '@bufbuild/protobuf/wkt';
import { Lane, type ListMessagesRequest, type Message } from '@posthaste/protocol';
import { wordOf } from '../word.ts';

/** Whether a message is one of those asked for. */
export function matches(message: Message, filter: ListMessagesRequest): boolean {
  const acceptedMs = message.acceptedAt ? timestampMs(message.acceptedAt) : 0;
  return (
    (filter.states.length === 0 || filter.states.includes(message.state)) &&
    isInLane(message, filter) &&
    (!filter.acceptedAfter || acceptedMs >= timestampMs(filter.acceptedAfter)) &&
    (!filter.acceptedBefore || acceptedMs < timestampMs(filter.acceptedBefore)) &&
    (filter.recipient === '' || message.recipients.some(({ address }) => isOf(address, filter.recipient))) &&
    (filter.from === '' || (filter.from === '<>' ? message.from === '' : isOf(message.from, filter.from))) &&
    (filter.tenant === '' || message.tenant === filter.tenant) &&
    (filter.upstream === '' || message.recipients.some(({ attempts }) => attempts.at(-1)?.upstream === filter.upstream)) &&
    // A fake upstream gives no ids, and a fake builds no MIME message.
    filter.upstreamId === '' &&
    filter.messageIdHeader === ''
  );
}

/** A number is the lane itself, and not the further ones that have it as their base. */
function isInLane({ laneName }: Message, { lanes, laneNames }: ListMessagesRequest): boolean {
  const names: string[] = [...lanes.map((lane) => wordOf(Lane, lane)), ...laneNames];
  return names.length === 0 || names.includes(laneName);
}

/** The whole address, or with `@` in front any address at that domain. */
function isOf(address: string, wanted: string): boolean {
  const [known, asked] = [address.toLowerCase(), wanted.toLowerCase()];
  return asked.startsWith('@') ? known.endsWith(asked) : known === asked;
}
