import { type Parsed, refused, taken } from './quantity.ts';
import { define, parseList, setting, type Setting } from './setting.ts';

/** An id has one byte for its partition. */
const mostPartitions = 256;

/** For all that write, read or decide for mail: they must agree. */
export const partitionSettings = {
  partitions: setting.int({
    default: 1,
    min: 1,
    max: mostPartitions,
    doc: 'Into how many parts mail is divided, each with streams and an owner of its own, to be spread over schedulers; the same for all programs. May be raised, never lowered.',
  }),
};

type Ownable = 'auto' | readonly number[];

const expected = 'auto, or numbers of partitions below the setting partitions, such as 0,2';

/** For the program that owns partitions. */
export const ownershipSettings = {
  ...partitionSettings,
  'scheduler.partitions': checkedAgainstCount(
    define(
      {
        default: 'auto',
        doc: 'Which partitions this scheduler may own: auto shares all of them with the other schedulers of auto; a list, such as 0,2, takes each of these while nobody owns it.',
      },
      { kind: 'auto, or a list of numbers', parse: parseOwnable, show: (ownable: Ownable) => (ownable === 'auto' ? ownable : ownable.join(',')) },
    ),
  ),
};

function parseOwnable(input: unknown): Parsed<Ownable> {
  if (input === 'auto') return taken(input);
  const list = parseList(input);
  if (list.kind === 'refused' || list.value.length === 0) return refused(expected);
  const numbers = list.value.map((text) => (/^\d+$/.test(text) ? Number(text) : mostPartitions));
  return numbers.every((number) => number < mostPartitions) ? taken([...new Set(numbers)]) : refused(expected);
}

function checkedAgainstCount(own: Setting<Ownable>): Setting<Ownable> {
  return {
    ...own,
    settle(value = 'auto', { partitions }) {
      const isThere = (partition: number) => partition < Number(partitions);
      return value === 'auto' || value.every(isThere) ? taken(value) : refused(expected);
    },
  };
}
