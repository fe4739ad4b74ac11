/** Measured for so long at one number of senders before it is compared: what is under way while they change belongs to neither. */
const settleMs = 20_000;
/** Senders that came must have brought this share of what as many others bring. */
const leastGain = 0.25;
/** After so long it is tried again. */
const believedMs = 600_000;

/** The mean rate of all senders together at one number of them. */
interface Level {
  readonly senders: number;
  spentMs: number;
  concluded: number;
}

/**
 * Whether further senders bring anything: an upstream that is slow without a limit that is known would otherwise be given ever more of them, the less
 * each of them can do. Fed only while the senders do all they can.
 */
export class Plateau {
  #level: Level | null = null;
  #lower: Level | null = null;
  #most: { readonly senders: number; readonly until: number } | null = null;

  /** Senders beyond which more bring nothing; Infinity: not known. */
  mostSenders(mono: number): number {
    return this.#most && mono < this.#most.until ? this.#most.senders : Infinity;
  }

  observe(senders: number, rate: number, spentMs: number, mono: number): void {
    if (this.#level?.senders !== senders) this.#change(senders);
    const level = this.#level;
    if (!level) return;
    level.spentMs += spentMs;
    level.concluded += (rate * spentMs) / 1_000;
    if (this.#lower && level.spentMs >= settleMs) this.#compare(this.#lower, level, mono);
  }

  #change(senders: number): void {
    const before = this.#level;
    const grows = before !== null && before.senders < senders && before.spentMs >= settleMs;
    this.#lower = grows ? before : null;
    this.#level = { senders, spentMs: 0, concluded: 0 };
  }

  #compare(lower: Level, level: Level, mono: number): void {
    this.#lower = null;
    const gain = meanRate(level) / meanRate(lower) - 1;
    const hoped = level.senders / lower.senders - 1;
    if (gain < hoped * leastGain) this.#most = { senders: lower.senders, until: mono + believedMs };
  }
}

function meanRate({ concluded, spentMs }: Level): number {
  return (concluded / spentMs) * 1_000;
}
