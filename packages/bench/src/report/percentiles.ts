/** In milliseconds. */
export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** The smallest value that is not below the given part of all (nearest rank); what is not a number is left out. */
export function percentiles(values: Float64Array): Percentiles {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  const at = (part: number) => sorted[Math.max(Math.ceil(sorted.length * part) - 1, 0)] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
