import { describe, expect, it } from 'vitest';
import { hashPassword, isPasswordHash, verifyPassword } from './password.ts';

describe('a password hash', () => {
  it('knows its own password and no other, and has a salt of its own', async () => {
    const [hash, other] = await Promise.all([hashPassword('correct horse'), hashPassword('correct horse')]);
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(other).not.toBe(hash);
    expect(await verifyPassword('correct horse', hash)).toBe(true);
    expect(await verifyPassword('correct Horse', hash)).toBe(false);
    expect(await verifyPassword('', hash)).toBe(false);
  });

  it('is the one that other tools make: the reference implementation for "password" under "somesalt"', async () => {
    const reference = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
    expect(await verifyPassword('password', reference)).toBe(true);
    expect(await verifyPassword('passwore', reference)).toBe(false);
  });

  it('takes one password for the same in both forms of Unicode', async () => {
    expect(await verifyPassword('gru\u0308n', await hashPassword('gr\u00fcn'))).toBe(true);
  });

  it('is not made of nothing', async () => {
    await expect(hashPassword('')).rejects.toThrow('the password is empty');
  });

  it.each([
    'secret',
    '',
    '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$argon2id$v=19$m=9999999,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$argon2id$v=19$m=65536,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$argon2id$v=19$m=7,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
  ])('%j is none, and no password fits it', async (text) => {
    expect(isPasswordHash(text)).toBe(false);
    expect(await verifyPassword('password', text)).toBe(false);
  });
});
