import { MsgHdrsImpl, type MsgHdrs } from '@nats-io/transport-node';
import { StreamError } from './errors.ts';

/** Names and values of a message's headers; values in ASCII without line ends. */
export type Headers = Readonly<Record<string, string>>;

const lineEnd = /[\r\n]/;

/** The client's own setters search all names for every set; this takes the record as it is. */
export function encodeHeaders(headers: Headers): MsgHdrs {
  const lists: Record<string, string[]> = {};
  for (const name in headers) {
    const value = headers[name] ?? '';
    if (lineEnd.test(value)) throw new StreamError('BROKEN', `the header ${name} has a line end in its value: encode it before it comes here`);
    lists[name] = [value];
  }
  return MsgHdrsImpl.fromRecord(lists);
}
