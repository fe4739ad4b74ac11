import type { Path } from './mail.ts';

export interface Command {
  /** In capitals. */
  readonly verb: string;
  readonly argument: string;
}

export function parseCommand(line: string): Command {
  const space = line.indexOf(' ');
  if (space === -1) return { verb: line.toUpperCase(), argument: '' };
  return { verb: line.slice(0, space).toUpperCase(), argument: line.slice(space + 1).trim() };
}

/** A quoted local part may hold '>' (RFC 5321 4.1.2). */
const pathPattern = /^(FROM|TO): ?<((?:"(?:[^"\\]|\\.)*")?[^<>]*)>(?: +(.*))?$/i;

/** Reads the argument of MAIL or RCPT; undefined when it breaks the syntax of RFC 5321 4.1.2. */
export function parsePath(keyword: 'FROM' | 'TO', argument: string): Path | undefined {
  const match = pathPattern.exec(argument);
  if (match === null || match[1]?.toUpperCase() !== keyword) return undefined;
  return { address: match[2] ?? '', parameters: parseParameters(match[3]) };
}

function parseParameters(text: string | undefined): Record<string, string> {
  if (text === undefined) return {};
  return Object.fromEntries(
    text
      .split(/ +/)
      .filter(Boolean)
      .map((word) => {
        const equals = word.indexOf('=');
        return equals === -1 ? [word.toUpperCase(), ''] : [word.slice(0, equals).toUpperCase(), word.slice(equals + 1)];
      }),
  );
}

/** The EHLO keyword that allows each parameter of MAIL and RCPT. */
const allowedBy: Readonly<Record<string, string>> = {
  BODY: '8BITMIME',
  SMTPUTF8: 'SMTPUTF8',
  SIZE: 'SIZE',
  RET: 'DSN',
  ENVID: 'DSN',
  NOTIFY: 'DSN',
  ORCPT: 'DSN',
};

const nonAscii = /\P{ASCII}/u;

/** The reply to a path that uses what was not on offer, or what its transaction's sender has not asked for. */
export function findPathFault(path: Path, offered: ReadonlySet<string>, from: Path): string | undefined {
  const unoffered = findUnoffered(path, offered);
  if (unoffered !== undefined) return `555 5.5.4 Parameter ${unoffered} was not offered`;
  const utf8 = from.parameters['SMTPUTF8'] !== undefined;
  return !utf8 && nonAscii.test(path.address) ? '553 5.6.7 An address beyond ASCII needs SMTPUTF8' : undefined;
}

/** The first parameter that was not on offer. */
export function findUnoffered(path: Path, offered: ReadonlySet<string>): string | undefined {
  return Object.keys(path.parameters).find((name) => !offered.has(allowedBy[name] ?? name));
}
