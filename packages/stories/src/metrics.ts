type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

/** What a program's /metrics says now. */
export interface Metrics {
  /** The sum over all series of this name that have these labels; undefined when there is none. */
  sum(name: string, labels?: Labels): number | undefined;
}

/** Reads the Prometheus text format. */
export function parseMetrics(text: string): Metrics {
  const samples = text.split('\n').flatMap(readSample);
  return {
    sum(name, labels = {}) {
      const fitting = samples.filter(
        (sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
      );
      return fitting.length === 0 ? undefined : fitting.reduce((sum, { value }) => sum + value, 0);
    },
  };
}

function readSample(line: string): Sample[] {
  const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
  if (name === undefined) return [];
  const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', text = '']) => [label, text]);
  return [{ name, labels: Object.fromEntries(pairs) as Labels, value: Number(value) }];
}
