/** How many mails a minute come, over time: straight lines between points. */
export interface Pattern {
  readonly name: PatternName;
  readonly about: string;
  readonly minutes: number;
  /** `at` runs from 0 to 1 over the whole time. */
  readonly points: readonly { readonly at: number; readonly mailsPerMinute: number }[];
}

export const patternNames = ['wedding', 'sustained', 'stress', 'soak'] as const;

export type PatternName = (typeof patternNames)[number];

const level = (mailsPerMinute: number) => [
  { at: 0, mailsPerMinute },
  { at: 1, mailsPerMinute },
];

export const patterns: Readonly<Record<PatternName, Pattern>> = {
  wedding: {
    name: 'wedding',
    about: 'a Saturday: quiet, a climb to 15,000 mails a minute, two waves, and quiet again',
    minutes: 10,
    points: [
      { at: 0, mailsPerMinute: 2_000 },
      { at: 0.2, mailsPerMinute: 4_000 },
      { at: 0.35, mailsPerMinute: 15_000 },
      { at: 0.5, mailsPerMinute: 15_000 },
      { at: 0.6, mailsPerMinute: 8_000 },
      { at: 0.7, mailsPerMinute: 15_000 },
      { at: 0.8, mailsPerMinute: 15_000 },
      { at: 1, mailsPerMinute: 2_000 },
    ],
  },
  sustained: { name: 'sustained', about: '10,000 mails a minute', minutes: 10, points: level(10_000) },
  stress: { name: 'stress', about: '20,000 mails a minute', minutes: 5, points: level(20_000) },
  soak: { name: 'soak', about: '10,000 mails a minute for hours', minutes: 60, points: level(10_000) },
};

/** The pattern's rate at a part of its time, from 0 to 1. */
export function rateAt({ points }: Pattern, part: number): number {
  const next = points.findIndex(({ at }) => at >= part);
  const [from, to] = [points[Math.max(next - 1, 0)], points[next]];
  if (!from || !to || from === to || to.at === from.at) return (to ?? points.at(-1))?.mailsPerMinute ?? 0;
  return from.mailsPerMinute + ((to.mailsPerMinute - from.mailsPerMinute) * (part - from.at)) / (to.at - from.at);
}

export interface Slice {
  readonly forMs: number;
  readonly ratePerSecond: number;
}

/** The pattern cut into slices in which the rate stays as it is in their middle. */
export function slicesOf(pattern: Pattern, minutes: number, sliceMs: number): readonly Slice[] {
  const count = Math.max(Math.round((minutes * 60_000) / sliceMs), 1);
  return Array.from({ length: count }, (_, index) => ({ forMs: sliceMs, ratePerSecond: rateAt(pattern, (index + 0.5) / count) / 60 }));
}
