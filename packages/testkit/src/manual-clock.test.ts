import { expect, it } from 'vitest';
import { ManualClock } from './manual-clock.ts';

it('wakes sleepers in the order of their times, each at its own time', async () => {
  const clock = new ManualClock(1000);
  const woken: string[] = [];
  const nap = async (name: string, ms: number) => {
    await clock.sleep(ms);
    woken.push(`${name} at ${clock.now()}`);
  };
  void nap('late', 300);
  void nap('early', 100);
  void nap('early too', 100);
  await clock.advance(299);
  expect(woken).toEqual(['early at 1100', 'early too at 1100']);
  await clock.advance(1);
  expect(woken).toEqual(['early at 1100', 'early too at 1100', 'late at 1300']);
  expect(clock.monotonic()).toBe(300);
});

it('plays a chain of sleeps in one advance', async () => {
  const clock = new ManualClock(0);
  const ticks: number[] = [];
  const ticking = (async () => {
    for (let count = 0; count < 3; count += 1) {
      await clock.sleep(10);
      ticks.push(clock.monotonic());
    }
  })();
  await clock.advance(100);
  await ticking;
  expect(ticks).toEqual([10, 20, 30]);
  expect(clock.now()).toBe(100);
});

it('rejects a sleep with the reason of its signal and forgets the sleeper', async () => {
  const clock = new ManualClock();
  const controller = new AbortController();
  const sleeping = clock.sleep(10, controller.signal);
  expect(clock.sleeping).toBe(1);
  controller.abort(new Error('closed'));
  await expect(sleeping).rejects.toThrow('closed');
  await expect(clock.sleep(10, controller.signal)).rejects.toThrow('closed');
  expect(clock.sleeping).toBe(0);
});

it('lets the wall clock jump without waking anyone', async () => {
  const clock = new ManualClock(1000);
  const sleeping = clock.sleep(10);
  clock.setWallClock(0);
  expect([clock.now(), clock.monotonic(), clock.sleeping]).toEqual([0, 0, 1]);
  await clock.advance(10);
  await sleeping;
  expect(clock.now()).toBe(10);
});
