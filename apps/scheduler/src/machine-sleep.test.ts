import { expect, it } from 'vitest';
import { MachineSleep } from './machine-sleep.ts';

/** A machine whose clocks the test moves. */
function machine() {
  const clocks = { wall: 1_900_000_000_000, mono: 5_000, uptime: 800_000 };
  let looks = 0;
  const sleep = new MachineSleep(() => {
    looks += 1;
    return clocks.uptime;
  });
  const slept = () => sleep.sleptMs(clocks.wall, clocks.mono);
  slept();
  return {
    slept,
    looks: () => looks,
    pass: (ms: number) => void ((clocks.wall += ms), (clocks.mono += ms), (clocks.uptime += ms)),
    sleep: (ms: number) => void ((clocks.wall += ms), (clocks.uptime += ms)),
    setWallClock: (ms: number) => void (clocks.wall += ms),
  };
}

it('tells a machine that slept from a wall clock that was set', () => {
  const { slept, pass, sleep, setWallClock } = machine();
  pass(60_000);
  setWallClock(3_600_000);
  expect(slept()).toBe(0);
  sleep(7_200_000);
  expect(slept()).toBe(7_200_000);
  setWallClock(-3_600_000);
  expect(slept()).toBe(7_200_000);
  sleep(10_000);
  setWallClock(50_000);
  pass(1);
  expect(slept()).toBe(7_210_000);
});

it('asks for the uptime only when the clocks went apart', () => {
  const { slept, looks, pass } = machine();
  for (let turns = 0; turns < 100; turns += 1) {
    pass(1_000);
    slept();
  }
  expect(looks()).toBe(1);
});
