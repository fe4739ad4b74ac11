/** Who logs in, and by what. */
export interface Credentials {
  readonly user: string;
  readonly pass: string;
}

/** The one user that a sink with a login knows. */
export interface KnownUser extends Credentials {
  /** A wrong access token is met by a 334 with the reason, and refused after the client's empty answer, as by Gmail. Default: refused at once, as by Microsoft 365. */
  readonly explainsTokens?: boolean;
}

/** Where an AUTH exchange (RFC 4954) stands. */
export type Exchange =
  | { readonly kind: 'challenge'; readonly text: string; readonly next: (line: string) => Exchange }
  | { readonly kind: 'given'; readonly by: 'password' | 'token'; readonly credentials: Credentials }
  | { readonly kind: 'failed'; readonly reply: string };

const cancelled: Exchange = { kind: 'failed', reply: '501 5.7.0 Authentication cancelled' };
const undecodable: Exchange = { kind: 'failed', reply: '501 5.5.2 Cannot decode the base64' };
const unknownMechanism: Exchange = { kind: 'failed', reply: '504 5.5.4 Mechanism not known here: PLAIN, LOGIN and XOAUTH2 are' };

export const wrong: Exchange = { kind: 'failed', reply: '535 5.7.8 User or password is wrong' };

/** The refusal of an access token: its reason in JSON, which the client answers by an empty line. */
export const wrongToken: Exchange = {
  kind: 'challenge',
  text: Buffer.from('{"status":"401","schemes":"bearer"}').toString('base64'),
  next: () => wrong,
};

/** Reads the argument of AUTH: a mechanism, and perhaps the first answer (`=` is an empty one). */
export function beginAuth(argument: string): Exchange {
  const [mechanism = '', initial] = argument.split(/ +/);
  switch (mechanism.toUpperCase()) {
    case 'PLAIN':
      return initial === undefined ? ask('', readPlain) : answered(initial, readPlain);
    case 'LOGIN':
      return initial === undefined ? ask('Username:', askPassword) : answered(initial, askPassword);
    case 'XOAUTH2':
      return initial === undefined ? ask('', readBearer) : answered(initial, readBearer);
    default:
      return unknownMechanism;
  }
}

function ask(challenge: string, read: (text: string) => Exchange): Exchange {
  return { kind: 'challenge', text: Buffer.from(challenge).toString('base64'), next: (line) => answered(line, read) };
}

function answered(line: string, read: (text: string) => Exchange): Exchange {
  if (line === '*') return cancelled;
  if (line !== '=' && !/^[A-Za-z0-9+/]*={0,2}$/.test(line)) return undecodable;
  return read(Buffer.from(line, 'base64').toString('utf8'));
}

/** RFC 4616: whom to act as (not looked at), user and password, parted by NUL. */
function readPlain(text: string): Exchange {
  const [, user, pass, ...more] = text.split('\0');
  if (user === undefined || pass === undefined || more.length > 0) return undecodable;
  return { kind: 'given', by: 'password', credentials: { user, pass } };
}

/** As Gmail and Microsoft 365 take it; the access token stands for the password. */
function readBearer(text: string): Exchange {
  const [, user, pass] = /^user=([^\u0001]*)\u0001auth=Bearer ([^\u0001]*)\u0001\u0001$/.exec(text) ?? [];
  return user === undefined || pass === undefined ? undecodable : { kind: 'given', by: 'token', credentials: { user, pass } };
}

function askPassword(user: string): Exchange {
  return ask('Password:', (pass) => ({ kind: 'given', by: 'password', credentials: { user, pass } }));
}
