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
  /** Counts what the upstreams took, from 0. */
  readonly order: number;
}

const receivedField = /^Received:(?:.*\r\n(?=[ \t]))*.*\r\n/;

/** Everything that the upstreams of a story took, by id. Bodies are not kept. */
export class Receipts {
  readonly all: Receipt[] = [];
  readonly byId = new Map<string, Receipt[]>();

  take(upstream: string, { raw, to }: Mail): void {
    const head = raw.toString('latin1', 0, 4096);
    const received = receivedField.exec(head)?.[0] ?? '';
    const id = / id ([0-9a-f-]{36});/.exec(received)?.[1] ?? '';
    const story = /^X-Story-Id: (.*)\r$/m.exec(head)?.[1] ?? '';
    const digest = hash('sha256', raw.subarray(received.length));
    const receipt = { id, story, digest, upstream, to: to.map(({ address }) => address), order: this.all.length };
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
