import { parseDocument } from 'yaml';
import { didYouMean } from './nearest.ts';
import { type Found, isForeign, type Known, knownSections, type Reading, sectionOf, sharedKeys } from './schema.ts';
import { isMapping } from './setting.ts';

/** Reads settings from YAML text: nested by the dots of their keys, or with the dots written out. */
export function readFileSettings(text: string, path: string, known: Known): Reading {
  const document = parseDocument(text);
  const broken = document.errors.map((error) => `${path}: ${error.message.split('\n', 1)[0] ?? 'not YAML'}`);
  if (broken.length > 0) return { found: [], faults: broken };
  const root: unknown = document.toJS() ?? {};
  if (!isMapping(root)) return { found: [], faults: [`${path}: expected a mapping of sections at the top, such as "relay:"`] };
  const found: Found[] = [];
  const faults: string[] = [];
  for (const { key, value } of leaves(root, '', known)) {
    if (Object.hasOwn(known.schema, key)) found.push({ key, input: value, source: { kind: 'file', path } });
    else if (!isForeign(known, key)) faults.push(unknownKey(key, path, known));
  }
  return { found, faults };
}

interface Leaf {
  readonly key: string;
  readonly value: unknown;
}

/** Descends until a key that this program or another one declares (whose value may itself be a mapping) or something that is no mapping. An empty value counts as not given. */
function* leaves(mapping: Record<string, unknown>, prefix: string, known: Known): Generator<Leaf> {
  for (const [name, value] of Object.entries(mapping)) {
    const key = prefix + name;
    if (isMapping(value) && !Object.hasOwn(known.schema, key) && !sharedKeys.includes(key)) yield* leaves(value, `${key}.`, known);
    else if (value !== null) yield { key, value };
    else if (!knownSections.includes(sectionOf(key))) yield { key, value };
  }
}

function unknownKey(key: string, path: string, known: Known): string {
  const section = sectionOf(key);
  if (knownSections.includes(section)) return `${path}: unknown setting ${key}${didYouMean(key, Object.keys(known.schema))}`;
  return `${path}: unknown section ${section}, in ${key}${didYouMean(section, knownSections)}; there are ${knownSections.join(', ')}`;
}
