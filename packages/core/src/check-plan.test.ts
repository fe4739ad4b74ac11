import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CheckPlan, phaseOf } from './check-plan.ts';

const plan = (phase = 0.5, everyMs = 30_000) => new CheckPlan({ everyMs, phase, startedAt: 1_000 });

/** The looks of a plan that is asked every second. */
function looks(checked: CheckPlan, from: number, to: number, each = (_at: number) => {}): number[] {
  const found: number[] = [];
  for (let at = from; at <= to; at += 1_000) {
    if (!checked.takeDue(at)) continue;
    found.push(at);
    each(at);
  }
  return found;
}

it('looks at distances of its own', () => {
  expect(looks(plan(0.5), 1_000, 80_000)).toEqual([16_000, 46_000, 76_000]);
  expect(looks(plan(0.1), 1_000, 80_000)).toEqual([4_000, 34_000, 64_000]);
});

it('never looks when it is switched off', () => {
  const off = plan(0.5, 0);
  off.failed(2_000);
  off.heard(3_000);
  expect(looks(off, 1_000, 200_000)).toEqual([]);
});

it('does not look at what was heard of a moment ago', () => {
  const checked = plan();
  checked.heard(12_000);
  expect(looks(checked, 1_000, 50_000)).toEqual([46_000]);
});

it('looks again soon after a failure, three times within seconds, then ever more seldom', () => {
  const checked = plan();
  expect(looks(checked, 1_000, 100_000, (at) => checked.failed(at))).toEqual([
    16_000, 17_000, 18_000, 19_000, 21_000, 25_000, 33_000, 49_000, 79_000,
  ]);
});

it('goes back to its distances once the upstream is heard of', () => {
  const checked = plan();
  checked.failed(2_000);
  checked.heard(2_500);
  expect(looks(checked, 3_000, 50_000)).toEqual([16_000, 46_000]);
});

it('has three failures of an upstream that takes the whole time of a look within a minute of its last word', () => {
  const [everyMs, timeoutMs] = [30_000, 5_000];
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), fc.integer({ min: 0, max: 200_000 }), (phase, lastWordAt) => {
      const checked = new CheckPlan({ everyMs, phase, startedAt: 0 });
      let failures = 0;
      let at = 0;
      while (failures < 3) {
        if (at <= lastWordAt) checked.heard(at);
        if (checked.takeDue(at) && at > lastWordAt) {
          at += timeoutMs;
          checked.failed(at);
          failures += 1;
        }
        at += 1_000;
      }
      expect(at - lastWordAt).toBeLessThan(60_000);
    }),
  );
});

it('spreads senders over the whole distance', () => {
  const phases = Array.from({ length: 1_000 }, (_, index) => phaseOf(`sender-${index} main`));
  const perTenth = Array.from({ length: 10 }, (_, tenth) => phases.filter((phase) => Math.floor(phase * 10) === tenth).length);
  for (const count of perTenth) expect(count).toBeGreaterThan(50);
});
