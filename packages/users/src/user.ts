import type { Lane } from '@posthaste/core';

/** One who may log in, and what is said of the mail that comes by this login. */
export interface User {
  readonly name: string;
  /** As `hashPassword` makes it. */
  readonly passwordHash: string;
  /** Of all mail of this user: no header can change it. */
  readonly tenant?: string;
  /** For mail that asks for no lane itself: a name, of one of the four or of a further lane. */
  readonly lane?: string;
  /** The most urgent lane that this user's mail may have; what asks for a more urgent one gets it. */
  readonly maxLane?: Lane;
  /** For mail that has no tag of the same name itself. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Which envelope senders this user may use: `shop@example.org`, or `@example.org` for a domain. Without it, any. */
  readonly senders?: readonly string[];
}

/** The null sender is everybody's: reports have no other (RFC 5321, 4.5.5). */
export function mayUseSender({ senders }: User, address: string): boolean {
  if (senders === undefined || address === '') return true;
  const wanted = address.toLowerCase();
  const domain = wanted.slice(wanted.lastIndexOf('@'));
  return senders.some((sender) => sender === wanted || sender === domain);
}
