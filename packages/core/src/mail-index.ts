import { HashChains } from './hash-chains.ts';
import type { Mail } from './mail.ts';

/** A way through all mail that is there when it begins, and not what comes meanwhile; what goes is passed over. */
export interface MailWalk {
  readonly next: () => Mail | undefined;
  /** Whether it will come to this mail. */
  readonly isAhead: (mail: Mail) => boolean;
}

/** All mail that is not at its end, by id. */
export class MailIndex {
  /** By place; a place that was left is taken by the next mail that comes. */
  readonly #mails: (Mail | undefined)[] = [];
  /** By place: how many had come before the mail that stands there. */
  readonly #came: number[] = [];
  readonly #left: number[] = [];
  readonly #places = new HashChains();
  #comers = 0;

  get size(): number {
    return this.#mails.length - this.#left.length;
  }

  get(id: string): Mail | undefined {
    const place = this.#placeOf(id);
    return place < 0 ? undefined : this.#mails[place];
  }

  has(id: string): boolean {
    return this.#placeOf(id) >= 0;
  }

  /** A mail whose id is not here. */
  add(mail: Mail): void {
    const place = this.#left.pop() ?? this.#mails.length;
    this.#mails[place] = mail;
    this.#came[place] = this.#comers;
    this.#comers += 1;
    this.#places.add(place, hashOf(mail.ticket.id));
  }

  delete(id: string): void {
    const place = this.#placeOf(id);
    if (place < 0) return;
    this.#places.remove(place);
    this.#mails[place] = undefined;
    this.#left.push(place);
  }

  /** Those that are here now, as a walk passes through them. */
  *values(): Generator<Mail, undefined> {
    const walk = this.walk();
    for (let mail = walk.next(); mail; mail = walk.next()) yield mail;
  }

  walk(): MailWalk {
    const [until, comers] = [this.#mails.length, this.#comers];
    const wasThere = (place: number) => place < until && (this.#came[place] as number) < comers;
    let ahead = 0;
    const next = () => {
      for (; ahead < until; ahead += 1) if (this.#mails[ahead] && wasThere(ahead)) return this.#mails[ahead++];
      return undefined;
    };
    const isAhead = ({ ticket }: Mail) => {
      const place = this.#placeOf(ticket.id);
      return place >= ahead && wasThere(place);
    };
    return { next, isAhead };
  }

  /** -1: it is not here. */
  #placeOf(id: string): number {
    let place = this.#places.find(hashOf(id));
    while (place >= 0 && this.#mails[place]?.ticket.id !== id) place = this.#places.findNext(place);
    return place;
  }
}

/** FNV-1a of the end of a UUIDv7, where it is random. */
function hashOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = Math.max(0, id.length - 16); at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  // The low bits choose the chain, and FNV moves nothing down to them.
  return hash ^ (hash >>> 15);
}
