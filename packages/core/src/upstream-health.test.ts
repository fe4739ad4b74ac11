import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { afterPassedCheck, afterTime, afterTrouble, afterWord, up, type UpstreamHealth } from './upstream-health.ts';
import { defaultBreaker } from './upstream-rules.ts';

const at = (wall: number) => ({ wall, mono: wall });

function troubled(health: UpstreamHealth, times: number, now = 0): UpstreamHealth {
  for (let time = 0; time < times; time += 1) health = afterTrouble(health, defaultBreaker, null, 'refused', at(now));
  return health;
}

describe('the breaker', () => {
  test('opens at the third failure in a row, and a word between begins the count anew', () => {
    expect(troubled(up, 2)).toMatchObject({ kind: 'up', failures: 2 });
    expect(troubled(up, 3).kind).toBe('down');
    expect(troubled(afterWord(troubled(up, 2), defaultBreaker, at(0)), 2).kind).toBe('up');
  });

  test('opens for an upstream that answers each health check and no mail', () => {
    let health: UpstreamHealth = up;
    for (const attempt of ['1.1', '1.2', '1.3']) {
      expect(health.kind).toBe('up');
      health = afterPassedCheck(afterTrouble(health, defaultBreaker, attempt, 'no answer', at(0)), defaultBreaker, at(0));
    }
    expect(health.kind).toBe('recovering');
    expect(afterPassedCheck(troubled(up, 2), defaultBreaker, at(0))).toEqual(up);
  });

  test('keeps the beginning of an outage however many probes fail, says the last trouble, and waits twice as long each time, 30 s at most', () => {
    let health = troubled(up, 3, 1_000);
    const delays: number[] = [];
    for (const probe of ['1.2', '1.3', '1.4', '1.5', '1.6', '1.7']) {
      if (health.kind !== 'down') throw new Error('it came up by itself');
      health = afterTrouble({ ...health, probe }, defaultBreaker, probe, `timeout of ${probe}`, at(health.probeAt));
      if (health.kind === 'down') delays.push(health.probeDelayMs);
    }
    expect(health).toMatchObject({ kind: 'down', since: 1_000, trouble: 'timeout of 1.7' });
    expect(delays).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  test('does not wait longer for the failure of an attempt that was under way before', () => {
    const health = troubled(up, 3, 1_000);
    expect(afterTrouble({ ...health, probe: '1.5' } as UpstreamHealth, defaultBreaker, '1.2', 'reset', at(1_500))).toMatchObject({
      probeAt: 2_000,
      probe: '1.5',
    });
  });

  test('counts an upstream as up when it has been healthy for five minutes, counted from the last failure', () => {
    const back = afterWord(troubled(up, 3), defaultBreaker, at(10_000));
    expect(afterTime(back, at(309_999)).kind).toBe('recovering');
    expect(afterTime(back, at(310_000))).toEqual(up);
    const stumbled = troubled(back, 1, 100_000);
    expect(afterTime(stumbled, at(399_999)).kind).toBe('recovering');
    expect(afterTime(stumbled, at(400_000))).toEqual(up);
  });

  test('is open exactly when the last so many signs were failures and none was a word', () => {
    const signs = fc.array(fc.constantFrom('word', 'trouble'), { maxLength: 30 });
    fc.assert(
      fc.property(signs, fc.integer({ min: 1, max: 5 }), (told, failures) => {
        const rule = { ...defaultBreaker, failures };
        let health: UpstreamHealth = up;
        let inRow = 0;
        for (const [index, sign] of told.entries()) {
          const wasDown = health.kind === 'down';
          health = sign === 'word' ? afterWord(health, rule, at(index)) : afterTrouble(health, rule, null, 'refused', at(index));
          inRow = sign === 'word' ? 0 : inRow + 1;
          expect(health.kind === 'down').toBe(inRow >= failures);
          // It never jumps from down to up: mail returns only after the healthy time.
          if (wasDown) expect(health.kind).not.toBe('up');
        }
      }),
    );
  });
});
