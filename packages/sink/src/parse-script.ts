import { phases, type Phase, type Rule, type Script } from './script.ts';

/** One thing that is wrong with a script. */
export interface ScriptFault {
  /** Where: keys and indexes from the outside in, e.g. ['rules', 0, 'at']. */
  readonly path: readonly (string | number)[];
  readonly sentence: string;
}

/** A script that cannot be played; `faults` has one entry for each field that is wrong. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
  readonly faults: readonly ScriptFault[];

  constructor(faults: readonly ScriptFault[]) {
    super(`script is not valid: ${faults.map((fault) => fault.sentence).join('; ')}`);
    this.faults = faults;
  }
}

/** What a person who got a ScriptError wants to read next. */
export const scriptHint = [
  'A script looks like {"rules": [{"at": "rcpt", "recipient": "*@slow.example", "times": 2, "delayMs": 500, "reply": "451 4.7.1 Try again later"}],',
  '"keywords": ["PIPELINING", "8BITMIME"], "maxBytes": 10485760}. Every field but "at" may be left out; {} behaves well.',
  `"at" is one of ${phases.join(', ')}; "drop": true instead of "reply" closes the connection (at "final" after the mail was stored).`,
].join(' ');

interface Field {
  readonly expected: string;
  fits(value: unknown): boolean;
}

const scriptFields: Record<keyof Script, Field> = {
  rules: { expected: 'an array of rules', fits: Array.isArray },
  keywords: { expected: 'an array of EHLO keywords without SIZE', fits: isKeywords },
  maxBytes: { expected: 'a whole number from 1', fits: (value) => isWhole(value, 1) },
};

const ruleFields: Record<keyof Rule, Field> = {
  at: { expected: `one of ${phases.join(', ')}`, fits: (value) => phases.includes(value as Phase) },
  recipient: { expected: 'an address pattern, e.g. "*@slow.example"', fits: (value) => typeof value === 'string' && value !== '' },
  sender: { expected: 'an address pattern, e.g. "bulk@*"', fits: (value) => typeof value === 'string' },
  times: { expected: 'a whole number from 1', fits: (value) => isWhole(value, 1) },
  delayMs: { expected: 'a whole number of milliseconds from 0', fits: (value) => isWhole(value, 0) },
  reply: { expected: 'a code from 200 to 599 and a text, e.g. "451 4.7.1 Try again later"', fits: isReply },
  drop: { expected: 'true', fits: (value) => value === true },
};

/** Takes what came from a file or a request; throws a ScriptError with all faults at once. */
export function parseScript(value: unknown): Script {
  const faults = fieldFaults([], value, scriptFields);
  const { rules } = isRecord(value) ? value : {};
  if (Array.isArray(rules)) rules.forEach((rule: unknown, index) => faults.push(...ruleFaults(['rules', index], rule)));
  if (faults.length > 0) throw new ScriptError(faults);
  return value as Script;
}

function ruleFaults(path: ScriptFault['path'], value: unknown): ScriptFault[] {
  const faults = fieldFaults(path, value, ruleFields);
  if (isRecord(value) && value['at'] === undefined) {
    faults.push({ path, sentence: `${nameOf(path)}.at is missing: expected ${ruleFields.at.expected}` });
  }
  return faults.length > 0 ? faults : combinationFaults(path, value as Rule);
}

/** Fields that are right by themselves but cannot stand together. */
function combinationFaults(path: ScriptFault['path'], rule: Rule): ScriptFault[] {
  const positive = rule.at === 'data' ? '354' : '2';
  const checks: readonly (readonly [keyof Rule, boolean, string])[] = [
    ['drop', rule.reply !== undefined && rule.drop === true, ' has reply and drop: expected one of them'],
    ['reply', rule.reply !== undefined && rule.at === 'body', '.reply cannot be given at body: no reply is due there; use final'],
    [
      'reply',
      rule.reply !== undefined && !/^[45]/.test(rule.reply) && !rule.reply.startsWith(positive),
      `.reply is ${JSON.stringify(rule.reply)}: a positive reply at ${rule.at} starts with ${positive}`,
    ],
    ['recipient', rule.recipient !== undefined && isBefore(rule.at, 'rcpt'), `.recipient is not known at ${rule.at} yet: use rcpt or later`],
    ['sender', rule.sender !== undefined && isBefore(rule.at, 'mail'), `.sender is not known at ${rule.at} yet: use mail or later`],
  ];
  return checks.filter(([, broken]) => broken).map(([key, , rest]) => ({ path: [...path, key], sentence: `${nameOf(path)}${rest}` }));
}

function isBefore(phase: Phase, other: Phase): boolean {
  return phases.indexOf(phase) < phases.indexOf(other);
}

function fieldFaults(path: ScriptFault['path'], value: unknown, fields: Readonly<Record<string, Field>>): ScriptFault[] {
  const name = nameOf(path);
  const known = Object.keys(fields).join(', ');
  if (!isRecord(value)) return [{ path, sentence: `${name} is ${show(value)}: expected an object with ${known}` }];
  return Object.entries(value).flatMap(([key, given]) => {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (field === undefined) return [{ path: [...path, key], sentence: `${name}.${key} is unknown: expected one of ${known}` }];
    return field.fits(given) ? [] : [{ path: [...path, key], sentence: `${name}.${key} is ${show(given)}: expected ${field.expected}` }];
  });
}

/** `script` for the whole, `rules[0]` for a rule. */
function nameOf([key = 'script', index]: ScriptFault['path']): string {
  return index === undefined ? String(key) : `${key}[${index}]`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWhole(value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

function isReply(value: unknown): boolean {
  return typeof value === 'string' && /^[2345][0-9][0-9] \S/.test(value) && !value.includes('\r');
}

function isKeywords(value: unknown): boolean {
  return Array.isArray(value) && value.every((word) => typeof word === 'string' && /^(?!SIZE\b)[A-Z0-9][A-Z0-9 -]*$/.test(word));
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
