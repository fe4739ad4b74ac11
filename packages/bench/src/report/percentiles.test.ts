import { expect, it } from 'vitest';
import { percentiles } from './percentiles.ts';

it('takes the nearest rank', () => {
  const values = Float64Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentiles(values)).toEqual({ p50: 50, p95: 95, p99: 99, max: 100 });
});

it('leaves out what was not measured', () => {
  expect(percentiles(Float64Array.of(Number.NaN, 3, Number.NaN))).toEqual({ p50: 3, p95: 3, p99: 3, max: 3 });
});

it('is not a number when nothing was measured', () => {
  expect(percentiles(new Float64Array(0)).p99).toBeNaN();
});
