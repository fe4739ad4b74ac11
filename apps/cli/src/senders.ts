import { formatAddress } from '@posthaste/config';
import { systemClock } from '@posthaste/telemetry';
import { furtherSender, type Launch, type Road } from './programs.ts';
import { Fleet } from './supervisor/fleet.ts';
import type { FleetPace } from './supervisor/fleet-plan.ts';
import { seeFleet } from './supervisor/fleet-sight.ts';
import { nextFreePort } from './supervisor/port.ts';
import type { Program } from './supervisor/program.ts';
import type { Supervisor } from './supervisor/supervisor.ts';

/** With more late mails than these, senders that are needed are started at once. */
const lateAtOnce = 5_000;

/** The senders of a road beside the first: how many there are follows the need, within `up.senders`. */
export class Senders {
  readonly #road: Road;
  readonly #launch: Launch;
  /** By number, from 2 on. A number keeps its port, so that who reads the metrics finds them again. */
  readonly #ports = new Map<number, number>();
  /** Those that run from the start. */
  readonly #first: Program[] = [];

  constructor(road: Road, launch: Launch) {
    this.#road = road;
    this.#launch = launch;
  }

  /** The programs to start with the others. */
  async prepare(): Promise<readonly Program[]> {
    for (let number = 2; number <= this.#road.values['up.senders'].least; number += 1) this.#first.push(await this.#hire(number));
    return this.#first;
  }

  /** Until the signal; at once when the number is fixed. */
  async follow(supervisor: Supervisor, say: (level: string, sentence: string) => void, signal: AbortSignal): Promise<void> {
    const { values, doors } = this.#road;
    const bounds = values['up.senders'];
    if (bounds.least === bounds.most) return;
    const pace: FleetPace = { growAfterMs: values['up.growAfter'], shrinkAfterMs: values['up.shrinkAfter'], lateAtOnce };
    const schedulers = [`http://${formatAddress(doors['scheduler.admin'])}/metrics`];
    const see = () => seeFleet(schedulers, systemClock);
    const hire = (number: number) => this.#hire(number);
    const fleet = new Fleet({ supervisor, bounds, pace, see, hire, clock: systemClock, say }, ['sender', ...this.#first.map(({ name }) => name)]);
    await fleet.follow(signal);
  }

  /** At its port of last time, or the first one after the first sender's that is free and meant for nobody else. */
  async #hire(number: number): Promise<Program> {
    const { host, port: first } = this.#road.doors['sender.admin'];
    const others = [
      ...Object.values(this.#road.doors).map((door) => door.port),
      ...[...this.#ports].flatMap(([of, port]) => (of === number ? [] : [port])),
    ];
    const from = this.#ports.get(number) ?? first + number - 1;
    const port = await nextFreePort({ host, port: from }, (candidate) => others.includes(candidate));
    this.#ports.set(number, port);
    return furtherSender(this.#road, `sender-${number}`, { host, port }, this.#launch);
  }
}
