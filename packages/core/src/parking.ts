import type { Instant } from './engine-input.ts';
import { Heap } from './heap.ts';
import type { LaneTable } from './lane-table.ts';
import type { Mail } from './mail.ts';
import type { ClosedGate } from './mail-gate.ts';
import { ReadyQueue } from './ready-queue.ts';
import type { TenantWeights } from './tenant-turn.ts';

/** What waits for one key of a gate, in the order in which it will go. */
interface Room extends ClosedGate {
  readonly queue: ReadyQueue;
  readonly mails: Set<Mail>;
  /** When to look whether it has opened, monotonic; null: it has, as far as is known. */
  lookAt: number | null;
}

/** Rooms that give a mail back at one time: enough that no open one is passed over for long, few enough that a step stays short. */
const roomsAtATime = 8;

const nothing: readonly Mail[] = [];

/**
 * Mail that met a closed gate on its way out of a ready queue. When its gate opens it goes back there one by one, as fast as that is served, so it competes with
 * what stands there: a more urgent lane still goes first, and a gate that lets one mail pass does not set thousands in motion.
 */
export class Parking {
  readonly #lanes: LaneTable;
  readonly #weights: TenantWeights;
  readonly #rooms = new Map<string, Room>();
  /** Rooms that are shut, by when to look. An entry whose room has another time by now is passed over. */
  readonly #shut = new Heap<Room>();
  #open: Room[] = [];
  #looks = 0;

  constructor(lanes: LaneTable, weights: TenantWeights) {
    this.#lanes = lanes;
    this.#weights = weights;
  }

  /** Mail stands in a room at most once. */
  park(closed: ClosedGate, mail: Mail, startBy: number, now: Instant): void {
    const room = this.#rooms.get(closed.key) ?? this.#furnish(closed, now);
    if (room.mails.has(mail)) return;
    room.mails.add(mail);
    room.queue.push(mail, startBy);
  }

  /** What may compete again: at most one mail of each of some open rooms, the next one of each. */
  release(now: Instant): readonly Mail[] {
    if (this.#rooms.size === 0) return nothing;
    this.#look(now);
    const released: Mail[] = [];
    for (const room of this.#open.splice(0, roomsAtATime)) {
      const mail = this.#takeFrom(room, now);
      if (mail) released.push(mail);
    }
    return released;
  }

  /** The room of this key may have opened. */
  recheck(key: string): void {
    const room = this.#rooms.get(key);
    if (room && room.lookAt !== null) this.#shutUntil(room, -Infinity);
  }

  /** Whether mail could be released now, as far as is known. */
  isOpen(now: Instant): boolean {
    return this.#open.length > 0 || this.#shut.leastKey <= now.mono;
  }

  /** Whether mail stands in the room of this key. */
  holdsFor(key: string): boolean {
    return this.#rooms.has(key);
  }

  /** Mails of its room that are thought to go before this one; undefined when it stands in none. For a question, not for the road. */
  ahead(mail: Mail): number | undefined {
    for (const { mails, queue } of this.#rooms.values()) if (mails.has(mail)) return queue.ahead(mail) ?? 0;
    return undefined;
  }

  /** When to look next, monotonic; Infinity when only an input can open a room. */
  get nextLook(): number {
    return this.#shut.leastKey;
  }

  #furnish(closed: ClosedGate, now: Instant): Room {
    const room: Room = { ...closed, queue: new ReadyQueue(this.#lanes, this.#weights), mails: new Set(), lookAt: null };
    this.#rooms.set(closed.key, room);
    this.#shutUntil(room, now.mono + closed.gate.opensIn(closed.key, now));
    return room;
  }

  #shutUntil(room: Room, lookAt: number): void {
    room.lookAt = lookAt;
    if (lookAt < Infinity) this.#shut.push(room, lookAt, (this.#looks += 1));
  }

  #look(now: Instant): void {
    while (this.#shut.leastKey <= now.mono) {
      const lookAt = this.#shut.leastKey;
      const room = this.#shut.pop() as Room;
      if (room.lookAt !== lookAt) continue;
      room.lookAt = null;
      this.#open.push(room);
    }
  }

  #takeFrom(room: Room, now: Instant): Mail | undefined {
    const waitMs = room.gate.opensIn(room.key, now);
    if (waitMs > 0) {
      this.#shutUntil(room, now.mono + waitMs);
      return undefined;
    }
    const mail = room.queue.pop();
    if (mail) {
      room.queue.charge(1);
      room.mails.delete(mail);
    }
    if (room.queue.size > 0) this.#open.push(room);
    else this.#rooms.delete(room.key);
    return mail;
  }
}
