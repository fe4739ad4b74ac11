import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';

interface Cost {
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

interface PasswordHash extends Cost {
  readonly salt: Buffer;
  readonly digest: Buffer;
}

/** OWASP's advice for Argon2id: 19 MiB, two passes. About 25 ms of one core. */
const usualCost: Cost = { memory: 19 * 1024, passes: 2, parallelism: 1 };

/** A slip of the pen in a file must not take all memory, or a minute for each login. */
const highestCost: Cost = { memory: 256 * 1024, passes: 16, parallelism: 16 };

/** The PHC string of a password under a fresh salt: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<digest>`, as other tools write and read it. */
export async function hashPassword(password: string): Promise<string> {
  if (password === '') throw new Error('the password is empty; expected at least one character');
  const salt = randomBytes(16);
  const { memory, passes, parallelism } = usualCost;
  const digest = await derive(password, { ...usualCost, salt }, 32);
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${encode(salt)}$${encode(digest)}`;
}

/** In constant time for hashes of the same cost. False for a hash that cannot be read. */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const parsed = parseHash(hash);
  return parsed !== undefined && timingSafeEqual(await derive(password, parsed, parsed.digest.length), parsed.digest);
}

/** Whether `verifyPassword` can read it, and its cost is bearable. */
export function isPasswordHash(text: string): boolean {
  return parseHash(text) !== undefined;
}

const phcString = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

function parseHash(text: string): PasswordHash | undefined {
  const [, memory, passes, parallelism, salt = '', digest = ''] = phcString.exec(text) ?? [];
  if (memory === undefined) return undefined;
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  return isBearable(cost) ? { ...cost, salt: Buffer.from(salt, 'base64'), digest: Buffer.from(digest, 'base64') } : undefined;
}

/** Argon2 takes at least 8 KiB a lane (RFC 9106, 3.1). */
function isBearable({ memory, passes, parallelism }: Cost): boolean {
  const enough = passes >= 1 && parallelism >= 1 && memory >= 8 * parallelism;
  return enough && memory <= highestCost.memory && passes <= highestCost.passes && parallelism <= highestCost.parallelism;
}

/** In a thread of its own. A password typed on another keyboard may come in another Unicode form: NFC makes them one (RFC 8265, 4.2). */
function derive(password: string, { salt, ...cost }: Cost & { readonly salt: Buffer }, bytes: number): Promise<Buffer> {
  const { memory, passes, parallelism } = cost;
  const parameters = { message: password.normalize('NFC'), nonce: salt, memory, passes, parallelism, tagLength: bytes };
  return new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, digest) => (error ? reject(error) : resolve(digest)));
  });
}

/** PHC strings have base64 without its padding. */
function encode(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
