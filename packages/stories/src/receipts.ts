import { hash } from 'node:crypto';
import { eventually, type Mail } from '@posthaste/testkit';

/** One mail that an upstream took. */
export interface Receipt {
  /** The message's id, as the door wrote it into the Received field. */
  readonly id: string;
  readonly story: string;
  /** SHA-256 of everything below that Received field, hex. */
  readonly digest: string;
  readonly upstream: string;
  readonly to: readonly string[];
  /** ESMTP parameters of MAIL FROM. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Counts what the upstreams took, from 0. */
  readonly order: number;
}

/** Parts the field that the door puts on top from everything below it. */
export function splitReceived(raw: Buffer): { readonly received: string; readonly below: Buffer } {
  const received = /^Received:(?:.*\r\n(?=[ \t]))*.*\r\n/.exec(raw.toString('latin1', 0, 4096))?.[0] ?? '';
  return { received, below: raw.subarray(received.length) };
}

/** Everything that the upstreams of a story took, by id. Bodies are not kept. */
export class Receipts {
  readonly all: Receipt[] = [];
  readonly byId = new Map<string, Receipt[]>();

  take(upstream: string, { raw, from, to }: Mail): void {
    const { received, below } = splitReceived(raw);
    const id = / id ([0-9a-f-]{36});/.exec(received)?.[1] ?? '';
    const story = /^X-Story-Id: (.*)\r$/m.exec(below.toString('latin1', 0, 4096))?.[1] ?? '';
    const digest = hash('sha256', below);
    const receipt = { id, story, digest, upstream, to: to.map(({ address }) => address), parameters: from.parameters, order: this.all.length };
    this.all.push(receipt);
    this.byId.set(id, [...(this.byId.get(id) ?? []), receipt]);
  }

  /** How many messages came, each counted once. */
  get distinct(): number {
    return this.byId.size;
  }

  /** Resolves when so many messages have come. */
  async reaches(count: number): Promise<void> {
    await eventually(() => this.distinct >= count, { timeoutMs: 60_000, describe: `${count} mails have come upstream` });
  }
}
