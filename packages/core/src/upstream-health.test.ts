import { expect, test } from 'vitest';
import { afterTrouble, up } from './upstream-health.ts';

const at = (wall: number) => ({ wall, mono: wall });

test('an outage begins with the first trouble, however many probes fail after it, and says the last one', () => {
  let health = afterTrouble(up, '1.1', 'refused', at(1_000));
  for (const probe of ['1.2', '1.3', '1.4']) {
    if (health.kind !== 'down') throw new Error('it came up by itself');
    health = afterTrouble({ ...health, probe }, probe, `timeout of ${probe}`, at(health.probeAt));
  }
  expect(health).toMatchObject({ kind: 'down', since: 1_000, trouble: 'timeout of 1.4', probeDelayMs: 8_000 });
});

test('after a recovery another outage begins anew', () => {
  expect(afterTrouble(up, '1.9', 'refused', at(5_000))).toMatchObject({ since: 5_000 });
});
