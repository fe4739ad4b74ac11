import prometheus from 'prom-client';

/**
 * Metrics are declared beside the code that owns them, by these three functions. Names follow Prometheus: prefix `posthaste_`,
 * base units, `_total` for counters. The help text says what a rise means. Labels are from closed sets only.
 */
export const metricsRegistry = new prometheus.Registry();

export function counter<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): prometheus.Counter<L> {
  return new prometheus.Counter({ name, help, labelNames: [...labelNames], registers: [metricsRegistry] });
}

export function gauge<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): prometheus.Gauge<L> {
  return new prometheus.Gauge({ name, help, labelNames: [...labelNames], registers: [metricsRegistry] });
}

export function histogram<L extends string = never>(
  name: string,
  help: string,
  buckets: readonly number[],
  labelNames: readonly L[] = [],
): prometheus.Histogram<L> {
  return new prometheus.Histogram({ name, help, buckets: [...buckets], labelNames: [...labelNames], registers: [metricsRegistry] });
}
