import type { Address } from '@posthaste/config';
import type { FurtherPorts } from './further-ports.ts';
import { furtherScheduler, type Launch, type Road } from './programs.ts';
import type { Program } from './supervisor/program.ts';

/** The schedulers of a road beside the first: they share the partitions, and take over those of one that ends. */
export class Schedulers {
  readonly #road: Road;
  readonly #ports: FurtherPorts;
  /** Where all of them tell their metrics. */
  readonly admins: Address[];

  constructor(road: Road, ports: FurtherPorts) {
    this.#road = road;
    this.#ports = ports;
    this.admins = [road.doors['scheduler.admin']];
  }

  /** The programs to start with the others. */
  async prepare(launch: Launch): Promise<readonly Program[]> {
    const { doors, values } = this.#road;
    const programs: Program[] = [];
    for (let number = 2; number <= values['up.schedulers']; number += 1) {
      const name = `scheduler-${number}`;
      const listen = await this.#ports.find(`${name} listen`, after(doors['scheduler.listen'], number));
      const admin = await this.#ports.find(`${name} admin`, after(doors['scheduler.admin'], number));
      this.admins.push(admin);
      programs.push(furtherScheduler(this.#road, name, { listen, admin }, launch));
    }
    return programs;
  }
}

function after({ host, port }: Address, number: number): Address {
  return { host, port: port + number - 1 };
}
