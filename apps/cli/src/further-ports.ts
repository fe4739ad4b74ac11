import type { Address } from '@posthaste/config';
import { nextFreePort } from './supervisor/port.ts';

/** Ports of the second and further programs of a kind. Each keeps its own for as long as this runs, so that who reads its metrics finds it again. */
export class FurtherPorts {
  readonly #taken: readonly number[];
  readonly #ports = new Map<string, number>();

  /** `taken`: the ports of the first ones. */
  constructor(taken: readonly number[]) {
    this.#taken = taken;
  }

  /** Where `name` listens: as the last time, or at the first port from `from` on that is free and meant for nobody else. */
  async find(name: string, from: Address): Promise<Address> {
    const others = [...this.#taken, ...[...this.#ports].flatMap(([of, port]) => (of === name ? [] : [port]))];
    const start = { host: from.host, port: this.#ports.get(name) ?? from.port };
    const port = await nextFreePort(start, (candidate) => others.includes(candidate));
    this.#ports.set(name, port);
    return { host: from.host, port };
  }
}
