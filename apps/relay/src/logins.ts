import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { LaneTable } from '@posthaste/core';
import type { Clock, Log } from '@posthaste/telemetry';
import { parseUsers, verifyPassword, type User } from '@posthaste/users';
import { FailedLogins } from './failed-logins.ts';
import { LiveFile } from './live-file.ts';
import { divideName } from './name-options.ts';

export type Verdict =
  /** `options` are what stood behind the name. */
  | { readonly kind: 'known'; readonly user: User; readonly options?: string }
  | { readonly kind: 'wrong' }
  /** Too many wrong ones from this client lately: not even looked at. */
  | { readonly kind: 'too many' }
  /** Our own trouble. */
  | { readonly kind: 'unavailable'; readonly sentence: string };

export interface LoginsOptions {
  readonly users: LiveFile<Users>;
  readonly clock: Clock;
  readonly maxFailuresPerAddress: number;
  readonly failureWindowMs: number;
  /** Default: verifyPassword. */
  readonly verify?: typeof verifyPassword;
}

export type Users = ReadonlyMap<string, User>;

/** `lanes`: those that users can have. */
export function openUsers(path: string, clock: Clock, log: Log, lanes = new LaneTable(), intervalMs?: number): Promise<LiveFile<Users>> {
  const read = () => readUsers(path, lanes);
  return LiveFile.open({ name: 'users', paths: [path], read, clock, log, ...(intervalMs && { intervalMs }) });
}

/** Rejects with a sentence that names what is wrong. */
export async function readUsers(path: string, lanes: LaneTable): Promise<Users> {
  return parseUsers(await readFile(path, 'utf8').catch(unreadable(path)), lanes);
}

/** The users file is not there or may not be read: unlike one with a fault in it, this says nothing of who may still log in. */
class UsersUnreadable extends Error {}

function unreadable(path: string): (cause: unknown) => never {
  return (cause) => {
    throw new UsersUnreadable(`the users file ${path} cannot be read`, { cause });
  };
}

interface Remembered {
  /** Of name, password and hash together, under a key that this process alone has. */
  readonly digest: Buffer;
  readonly until: number;
}

/** A verification takes some 25 ms of a core: a successful one is good for this long. */
const rememberedMs = 60_000;
/** Threads for verifications; the others wait. */
const mostAtOnce = 2;
const mostWaiting = 200;

/** Verifies names and passwords, always at the same cost, but for those just found to be right. */
export class Logins {
  readonly #options: LoginsOptions;
  readonly #failures: FailedLogins;
  readonly #secret = randomBytes(32);
  /** One a user at most. */
  readonly #remembered = new Map<string, Remembered>();
  /** Verifications under way, by digest: sessions that come together with the same password wait for one. */
  readonly #underWay = new Map<string, Promise<boolean>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: LoginsOptions) {
    const { clock, maxFailuresPerAddress, failureWindowMs } = options;
    this.#options = options;
    this.#failures = new FailedLogins(clock, maxFailuresPerAddress, failureWindowMs);
  }

  /** The user as the file has it now; undefined when it is gone, or has another password than at login. */
  refresh(user: User): User | undefined {
    const current = this.#options.users.current.get(user.name);
    return current?.passwordHash === user.passwordHash ? current : undefined;
  }

  /**
   * @param username a user's name, with or without options behind it
   * @param client whom failures are counted for
   */
  async verify(username: string, password: string, client: string): Promise<Verdict> {
    const { users } = this.#options;
    if (users.fault instanceof UsersUnreadable) return { kind: 'unavailable', sentence: 'who may log in is not known just now; try again later' };
    // A user whose whole name has a plus in it comes first.
    const { name, ...rest } = users.current.has(username) ? { name: username } : divideName(username);
    const user = users.current.get(name);
    const digest = this.#digest(name, password, user);
    if (user && this.#isRemembered(name, digest)) return { kind: 'known', user, ...rest };
    if (this.#failures.isOverLimit(client)) return { kind: 'too many' };
    if (this.#waiting.length >= mostWaiting) return { kind: 'unavailable', sentence: 'too many logins at once; try again later' };
    if (!(await this.#isRight(user, password, digest))) {
      this.#failures.count(client);
      return { kind: 'wrong' };
    }
    return { kind: 'known', user: user!, ...rest };
  }

  /** Somebody unknown costs as much as somebody known: the password is compared with somebody else's, and whatever comes out is wrong. */
  async #isRight(user: User | undefined, password: string, digest: Buffer): Promise<boolean> {
    const [decoy] = this.#options.users.current.values();
    const hash = (user ?? decoy)?.passwordHash;
    const matches = hash !== undefined && (await this.#verifyOnce(password, hash, digest.toString('latin1')));
    if (!user || !matches) return false;
    this.#remembered.set(user.name, { digest, until: this.#options.clock.monotonic() + rememberedMs });
    return true;
  }

  #verifyOnce(password: string, hash: string, key: string): Promise<boolean> {
    const { verify = verifyPassword } = this.#options;
    const underWay = this.#underWay.get(key);
    if (underWay) return underWay;
    const verified = this.#inTurn(() => verify(password, hash)).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, verified);
    return verified;
  }

  async #inTurn<T>(act: () => Promise<T>): Promise<T> {
    if (this.#running >= mostAtOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await act();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }

  #isRemembered(name: string, digest: Buffer): boolean {
    const remembered = this.#remembered.get(name);
    return remembered !== undefined && remembered.until > this.#options.clock.monotonic() && timingSafeEqual(remembered.digest, digest);
  }

  #digest(name: string, password: string, user: User | undefined): Buffer {
    const hmac = createHmac('sha256', this.#secret);
    return hmac.update(JSON.stringify([name, password, user?.passwordHash])).digest();
  }
}
