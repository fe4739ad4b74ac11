import { nearest } from './nearest.ts';
import {
  type Found,
  isForeign,
  type Known,
  knownSections,
  type Reading,
  sharedKeys,
  variableName,
  variablePrefix,
  wellKnownVariables,
} from './schema.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export type ReadFile = (path: string) => string;

/**
 * Reads settings from POSTHASTE_* variables. An empty variable counts as not given (compose files pass those on). With _FILE behind the
 * name the value is the path of a file that holds it, so that a secret need not stand in the environment.
 */
export function readEnvironment(env: Environment, known: Known, readFile: ReadFile): Reading {
  const keys = new Map(Object.keys(known.schema).map((key) => [variableName(key), key]));
  const found: Found[] = [];
  const faults: string[] = [];
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith(variablePrefix) || wellKnownVariables.includes(variable) || text === undefined || text === '') continue;
    const key = keys.get(variable);
    const fileKey = keys.get(variable.replace(/_FILE$/, ''));
    if (key !== undefined) found.push({ key, input: text, source: { kind: 'env', variable } });
    else if (fileKey !== undefined) readSecretFile(fileKey, variable, text);
    else if (!isForeign(known, keyOfVariable(variable))) faults.push(unknownVariable(variable, [...keys.keys()]));
  }
  return { found, faults };

  function readSecretFile(key: string, variable: string, path: string): void {
    if (env[variableName(key)]) {
      faults.push(`${key}: given twice, by ${variableName(key)} and by ${variable}; keep one`);
      return;
    }
    try {
      found.push({ key, input: readFile(path).replace(/\r?\n$/, ''), source: { kind: 'env', variable } });
    } catch (error) {
      faults.push(`${key}: the file named by ${variable} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** Of a variable that the schema does not have. Where its key is not known, its section is enough. */
function keyOfVariable(variable: string): string {
  const bare = variable.replace(/_FILE$/, '');
  const shared = sharedKeys.find((key) => variableName(key) === bare);
  return shared ?? knownSections.find((section) => `${bare}_`.startsWith(`${variableName(section)}_`)) ?? '';
}

/** The prefix that all share is left out of the comparison: it would make any two names look near. */
function unknownVariable(variable: string, names: readonly string[]): string {
  const bare = (name: string) => name.slice(variablePrefix.length);
  const meant = nearest(bare(variable), [...names, ...wellKnownVariables].map(bare));
  return `unknown variable ${variable}${meant === undefined ? '' : ` (did you mean ${variablePrefix}${meant}?)`}`;
}
