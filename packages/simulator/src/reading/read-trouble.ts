import type { Trouble } from '../workload.ts';
import type { Section } from './section.ts';

/** `{at, for}`, or at random `{every, for}`. `read`: takes what else such a trouble has. */
export function readTrouble(section: Section, usualMs: number, read: (section: Section) => void = () => {}): Trouble {
  const forMs = section.duration('for', usualMs);
  read(section);
  const trouble: Trouble = section.has('every')
    ? { kind: 'every', everyMs: Math.max(1, section.duration('every')), forMs }
    : { kind: 'at', atMs: section.duration('at'), forMs };
  section.close();
  return trouble;
}
