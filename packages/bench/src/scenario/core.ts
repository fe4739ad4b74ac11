import { join } from 'node:path';
import { nodeFlags } from '@posthaste/config';
import { Remote } from '../remote.ts';
import type { CoreOrder, CoreResult } from './core-measure.ts';
import type { CoreMethods } from './core-process.ts';

const cases: readonly CoreOrder[] = [1, 1_000].flatMap((tenants) =>
  [1_000, 10_000, 100_000, 1_000_000].map((waiting) => ({ tenants, waiting, upstreams: 10 })),
);

/** Each case in a process of its own, set up as the scheduler is. */
export async function runCore(only: readonly string[], onResult: (result: CoreResult) => void): Promise<readonly CoreResult[]> {
  const results: CoreResult[] = [];
  for (const order of cases.filter((order) => isWanted(only, coreCaseName(order)))) {
    const core = new Remote<CoreMethods>('core', join(import.meta.dirname, 'core-process.ts'), nodeFlags);
    try {
      const result = await core.ask('measure', order);
      results.push(result);
      onResult(result);
    } finally {
      core.end();
    }
  }
  return results;
}

export function coreCaseName({ tenants, waiting }: CoreOrder): string {
  return `core/${tenants}-tenants/${waiting}-waiting`;
}

function isWanted(only: readonly string[], name: string): boolean {
  return only.length === 0 || only.some((part) => name.includes(part));
}
