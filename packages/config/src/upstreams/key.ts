import { parseDuration, type Parsed, refused, taken } from '../quantity.ts';
import { limitNames, limitNumber, parseLimit } from './limits.ts';
import { presetNames } from './preset.ts';
import { tlsModes } from './upstream.ts';

/** What can be said of an upstream, by its dotted key in a file: how a text of it is checked. In a URL each has the last part of its key for a name. */
export const upstreamKeys: Readonly<Record<string, (text: string) => Parsed<unknown>>> = {
  preset: oneOf(presetNames),
  region: matching(/^[a-z0-9-]+$/, 'a region such as eu-west-1'),
  host: matching(/^[^\s/@?#[\]]+$/, 'a host name or an IP address'),
  port: whole(1, 65_535),
  user: matching(/^[^\u0000-\u001f\u007f]+$/, 'a user name'),
  password: matching(/^[^\u0000\r\n]+$/, 'a password'),
  passwordFile: matching(/./, 'the path of a file that holds the password'),
  tokenFile: matching(/./, 'the path of a file that holds an access token'),
  'oauth.tokenUrl': tokenUrl,
  'oauth.clientId': matching(/^[^\s]+$/, "the client's id"),
  'oauth.clientSecretFile': matching(/./, "the path of a file that holds the client's secret"),
  'oauth.refreshTokenFile': matching(/./, 'the path of a file that holds a refresh token'),
  'tls.mode': oneOf(tlsModes),
  'tls.verify': oneOf(['true', 'false']),
  'tls.ca': matching(/./, 'the path of a PEM file'),
  'tls.minVersion': oneOf(['1.2', '1.3']),
  'tls.servername': matching(/^[^\s/@?#]+$/, 'a host name'),
  connections: whole(1, 1000),
  maxConnections: whole(1, 100_000),
  messagesPerConnection: whole(1, 1_000_000),
  idleTimeout: duration,
  ...Object.fromEntries(limitNames.map((name) => [`limits.${name}`, limit])),
  adaptive: oneOf(['true', 'false']),
  'timeouts.connect': duration,
  'timeouts.reply': duration,
  'timeouts.final': duration,
};

/** Whether what came may not be quoted in an error: a password, or a URL that holds one. */
export function isSecret(key: string, text: string): boolean {
  return key === 'password' || /:\/\/[^]*@/.test(text);
}

/** What a shorter word stands for: `tls: required` in a file as in a URL, `timeout=30s` for the two waits that are usually meant. */
export const shortKeys: Readonly<Record<string, readonly string[]>> = {
  tls: ['tls.mode'],
  timeout: ['timeouts.connect', 'timeouts.reply'],
  timeouts: ['timeouts.connect', 'timeouts.reply'],
};

/** By the last part of a key, which is its name in a URL. */
export const keysByName: ReadonlyMap<string, readonly string[]> = new Map([
  ...Object.keys(upstreamKeys).map((key) => [key.slice(key.lastIndexOf('.') + 1), [key]] as const),
  ...Object.keys(upstreamKeys).map((key) => [key, [key]] as const),
  ...Object.entries(shortKeys),
]);

function oneOf(choices: readonly string[]) {
  return (text: string): Parsed<string> => (choices.includes(text) ? taken(text) : refused(`one of ${choices.join(', ')}`));
}

function matching(pattern: RegExp, expected: string) {
  return (text: string): Parsed<string> => (pattern.test(text) ? taken(text) : refused(expected));
}

/** It is shown as it is: what is secret of the client stands in a file. */
function tokenUrl(text: string): Parsed<string> {
  const url = /^https:\/\/[^\s/]+|^http:\/\/(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])(?:[:/]|$)/.test(text) ? URL.parse(text) : null;
  if (url?.username === '' && url.password === '') return taken(text);
  return refused('an https:// URL that gives access tokens, without user and password: a client has oauth.clientId and oauth.clientSecretFile');
}

function whole(least: number, most: number) {
  return (text: string): Parsed<number> =>
    /^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most
      ? taken(Number(text))
      : refused(`a whole number from ${least} to ${most}`);
}

function limit(text: string): Parsed<number> {
  const number = parseLimit(text);
  return number === undefined ? refused(limitNumber) : taken(number);
}

/** A timer cannot run longer than 24 days, and nobody waits for a day. */
function duration(text: string): Parsed<number> {
  const parsed = parseDuration(text);
  return parsed.kind === 'value' && parsed.value > 0 && parsed.value <= 86_400_000
    ? parsed
    : refused('a duration above 0s and up to 1d, such as 30s');
}
