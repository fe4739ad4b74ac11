import type { Cover, Wishes } from '@posthaste/submission';
import type { User } from '@posthaste/users';
import type { NameOptions } from './name-options.ts';
import type { Transaction } from './transaction.ts';

/** What the door is told of a mail by where it came from. */
export type Origin = Pick<Cover, 'tenant' | 'defaults' | 'maxLane'>;

/** What holds for mail that says nothing itself: of the relay, or of a user over it. */
export interface OriginDefaults {
  readonly tenant?: string | undefined;
  readonly lane?: Wishes['lane'] | undefined;
  /** The most urgent that mail may have. */
  readonly maxLane?: Cover['maxLane'] | undefined;
  readonly tags?: Wishes['tags'] | undefined;
}

/** A user's tenant and limit stand; lane and tags are defaults, which all that is asked for wins over. */
export function originOf(relay: OriginDefaults, user?: User): Origin {
  const tenant = user?.tenant ?? relay.tenant;
  const lane = user?.lane ?? relay.lane;
  const maxLane = user?.maxLane ?? relay.maxLane;
  const tags = { ...relay.tags, ...user?.tags };
  const defaults = { ...(lane && { lane }), ...(Object.keys(tags).length > 0 && { tags }) };
  return { ...(tenant && { tenant }), ...(maxLane && { maxLane }), ...(Object.keys(defaults).length > 0 && { defaults }) };
}

/** One client's stay: what it may do, and what it has done so far. */
export class Visit {
  /** For limits that are counted for each client. */
  readonly key: string;
  /** May send without a login. */
  readonly trusted: boolean;
  /** TLS from the first byte. */
  readonly implicitTls: boolean;
  /** 5xx replies since its last mail. */
  errors = 0;
  messages = 0;
  failedLogins = 0;
  user: User | undefined;
  /** What the client asked for in its user name. */
  nameOptions: NameOptions | undefined;
  origin: Origin;
  /** The last one that MAIL began; it may be over. */
  transaction: Transaction | undefined;

  constructor(client: Pick<Visit, 'key' | 'trusted' | 'implicitTls' | 'origin'>) {
    this.key = client.key;
    this.trusted = client.trusted;
    this.implicitTls = client.implicitTls;
    this.origin = client.origin;
  }
}
