import type { Reply } from '@posthaste/core';
import { CheckPlan } from '@posthaste/core/check-plan';
import { type Clock, counter } from '@posthaste/telemetry';
import type { Connections } from './connections.ts';
import type { SmtpSession } from './smtp-session.ts';
import { ConnectionLost } from './smtp-wire.ts';

const checks = counter(
  'posthaste_upstream_checks_total',
  'Looks at upstreams that no mail went by, by upstream and result (usable, unusable). A rise of unusable: the log of the sender says what stood in the way.',
  ['upstream', 'result'],
);

/** What a look at an upstream found. */
export interface Finding {
  /** What stood in the way; undefined: it can be used. */
  readonly trouble: Reply | undefined;
  readonly tookMs: number;
}

export interface CheckOptions {
  readonly upstream: string;
  readonly everyMs: number;
  readonly timeoutMs: number;
  /** See CheckPlan. */
  readonly phase: number;
  readonly clock: Clock;
  /** Whether there is anybody to tell. */
  mayCheck(): boolean;
  told(finding: Finding): void;
}

/** What a look needs of the upstream's connections. */
export interface Means {
  readonly connections: Connections;
  /** Opens another one; answers what stood in the way. */
  open(signal: AbortSignal): Promise<Reply | undefined>;
  /** A connection that was borrowed is free again. */
  freed(): void;
}

/** Looks after an upstream that no mail goes by: NOOP on a warm connection, or a new one with all that belongs to it. */
export class UpstreamCheck {
  readonly #plan: CheckPlan;
  readonly #options: CheckOptions;
  readonly #means: Means;
  #looking = false;

  constructor(options: CheckOptions, means: Means) {
    this.#options = options;
    this.#means = means;
    this.#plan = new CheckPlan({ everyMs: options.everyMs, phase: options.phase, startedAt: options.clock.monotonic() });
  }

  /** The upstream has shown that it can be used. */
  heard(): void {
    this.#plan.heard(this.#options.clock.monotonic());
  }

  /** The upstream has shown that it cannot be used. */
  failed(): void {
    this.#plan.failed(this.#options.clock.monotonic());
  }

  /** Nothing was heard of it for as long as lies between two looks. */
  get isSilent(): boolean {
    return this.#plan.isSilent(this.#options.clock.monotonic());
  }

  /** Called every second. */
  tick(): void {
    if (!this.#looking && this.#options.mayCheck() && this.#plan.takeDue(this.#options.clock.monotonic())) void this.#look();
  }

  async #look(): Promise<void> {
    const { clock, timeoutMs } = this.#options;
    const [beganAt, late, done] = [clock.monotonic(), new AbortController(), new AbortController()];
    this.#looking = true;
    clock.sleep(timeoutMs, done.signal).then(
      () => late.abort(`no answer within ${timeoutMs} ms`),
      () => {},
    );
    const found = await this.#find(late.signal);
    done.abort();
    this.#looking = false;
    if (found) this.#tell({ trouble: found.trouble, tookMs: clock.monotonic() - beganAt });
  }

  /** Undefined: its connections are busy, and tell by themselves. */
  async #find(late: AbortSignal): Promise<{ readonly trouble: Reply | undefined } | undefined> {
    const warm = await this.#askWarm(late);
    if (warm === 'answered') return { trouble: undefined };
    if (warm === 'silent') return { trouble: { code: 0, text: String(late.reason) } };
    const { connections, open } = this.#means;
    if (connections.open === 0) return connections.mayGrow() ? { trouble: await open(late) } : undefined;
    // Whatever is said to one connection more than there should be is a sign of life; only silence is none.
    if (!this.isSilent || connections.isAllotted) return undefined;
    const trouble = await open(late);
    return trouble && trouble.code > 0 ? undefined : { trouble };
  }

  /** `none`: there is no idle one, or the upstream had closed it, which says nothing. */
  async #askWarm(late: AbortSignal): Promise<'answered' | 'silent' | 'none'> {
    const { connections, freed } = this.#means;
    const idle = connections.takeIdle();
    if (!idle) return 'none';
    const answered = await answersNoop(idle.session, late);
    // It has been idle for as long as before: one that is only ever looked at is replaced some day, and the login tried anew.
    connections.rest(idle.session, idle.since);
    if (answered) this.heard();
    else if (late.aborted) this.failed();
    freed();
    return answered ? 'answered' : late.aborted ? 'silent' : 'none';
  }

  #tell(finding: Finding): void {
    const { upstream, told } = this.#options;
    checks.inc({ upstream, result: finding.trouble ? 'unusable' : 'usable' });
    told(finding);
  }
}

async function answersNoop(session: SmtpSession, late: AbortSignal): Promise<boolean> {
  const giveUp = () => session.wire.end(new ConnectionLost(String(late.reason)));
  late.addEventListener('abort', giveUp);
  const reply = await session.noop().catch(() => undefined);
  late.removeEventListener('abort', giveUp);
  if (reply && reply.code >= 400) session.wire.end(new ConnectionLost('the upstream refused NOOP', reply));
  return reply !== undefined && reply.code < 400;
}
