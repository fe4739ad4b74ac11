import { HashChains } from './hash-chains.ts';
import type { Mail } from './mail.ts';

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

  /** Those that are here now, and not those that come while they are looked at one by one; what goes meanwhile is passed over. */
  *values(): Generator<Mail, undefined> {
    const [until, comers] = [this.#mails.length, this.#comers];
    for (let place = 0; place < until; place += 1) {
      const mail = this.#mails[place];
      if (mail && (this.#came[place] as number) < comers) yield mail;
    }
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
