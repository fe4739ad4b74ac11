import type { EnginePolicy } from '../engine-state.ts';
import { Meters } from '../metering.ts';
import { budgetsOf, domainScope, upstreamScope } from '../shares/share-table.ts';
import type { ShareUse, ShareUses } from '../shares/share-use.ts';
import { usedOf } from '../shares/using.ts';
import type { MailFromLog } from './mail-from-log.ts';
import type { Random } from './random.ts';
import { VirtualShareKeeper, type VirtualShares } from './virtual-shares.ts';

const domains = ['main.example', 'other.example'];

/** The other partition of two: it has limits in common with the one that is watched, and mail of which nothing else is known. */
export class VirtualNeighbour {
  readonly #shares: VirtualShares;
  readonly #policy: EnginePolicy;
  readonly #random: Random;
  readonly #mailFroms: MailFromLog;
  readonly #meters: Meters;
  #keeper: VirtualShareKeeper;
  #epoch = 1;
  #wants = false;

  constructor(shares: VirtualShares, policy: EnginePolicy, random: Random, mailFroms: MailFromLog, now: number) {
    this.#shares = shares;
    this.#policy = policy;
    this.#random = random;
    this.#mailFroms = mailFroms;
    this.#keeper = this.#claim(now);
    this.#meters = new Meters(policy.upstreamRules, policy.domainLimits, this.#keeper.holder.inForce);
  }

  /** Mail comes to it, or comes no more. */
  toggle(): void {
    this.#wants = !this.#wants;
  }

  calmDown(): void {
    this.#wants = false;
  }

  divide(now: number): void {
    this.#keeper.work(
      this.#random,
      () => this.#uses(now),
      now,
      (shares) => this.#meters.change(shares),
    );
  }

  /** As much as it may, at once. */
  send(now: number): void {
    if (!this.#wants) return;
    const domain = this.#random.pick(domains) as string;
    for (let left = 20; left > 0; left -= 1) {
      const meters = [upstreamScope('main'), domainScope(domain)].flatMap((scope) => this.#meters.byKey(scope, now) ?? []);
      if (meters.some((meter) => meter.freeAt(now) > now)) return;
      for (const meter of meters) meter.take();
      this.#mailFroms.note('main', [domain], now);
      for (const meter of meters) meter.noteWritten(now);
      for (const meter of meters) meter.noteConcluded();
    }
  }

  /** Its owner dies, and the next one knows what went. */
  crash(now: number): void {
    this.#keeper.crash();
    this.#epoch += 1;
    this.#keeper = this.#claim(now);
    this.#meters.change(this.#keeper.holder.inForce);
  }

  #claim(now: number): VirtualShareKeeper {
    const of = { partition: 1, partitions: 2, epoch: this.#epoch };
    return new VirtualShareKeeper(this.#shares, { ...of, budgets: budgetsOf(this.#policy), since: now });
  }

  #uses(now: number): ShareUses {
    const use = (mono: number) =>
      [...this.#meters.all].map((meter): [string, ShareUse] => [
        meter.key,
        { used: usedOf(meter, mono), waits: this.#wants && meter.freeAt(mono) > mono },
      ]);
    return new Map(use(now));
  }
}
