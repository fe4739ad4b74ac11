import { describe, expect, it } from 'vitest';
import { parseUsers, UsersError } from './parse-users.ts';
import { mayUseSender } from './user.ts';

const hash = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';

function faultsOf(text: string): readonly string[] {
  try {
    parseUsers(text);
  } catch (error) {
    if (error instanceof UsersError) return error.faults;
    throw error;
  }
  return [];
}

describe('the users file', () => {
  it('gives users by name, with what is said of their mail', () => {
    const users = parseUsers(`
users:
  - name: shop
    password: ${hash}
    tenant: shop_1
    lane: high
    maxLane: immediate
    tags: { app: shop }
    senders: [Orders@Shop.example, '@news.example']
  - { name: 'app@example.org', password: ${JSON.stringify(hash)} }
`);
    expect([...users.values()]).toEqual([
      {
        name: 'shop',
        passwordHash: hash,
        tenant: 'shop_1',
        lane: 'high',
        maxLane: 'immediate',
        tags: { app: 'shop' },
        senders: ['orders@shop.example', '@news.example'],
      },
      { name: 'app@example.org', passwordHash: hash },
    ]);
  });

  it('may be JSON, and may have nobody in it', () => {
    expect(parseUsers(JSON.stringify({ users: [{ name: 'a', password: hash }] })).get('a')?.passwordHash).toBe(hash);
    expect(parseUsers('users: []').size).toBe(0);
  });

  it('names all faults at once and quotes no password', () => {
    const faults = faultsOf(`
users:
  - { name: a, password: secret, lane: fast, maxLane: 1, colour: red }
  - { password: ${JSON.stringify(hash)} }
  - nobody
  - { name: b, password: ${JSON.stringify(hash)}, tenant: a b, tags: [x], senders: shop }
  - { name: c, password: ${JSON.stringify(hash)} }
  - { name: c, password: ${JSON.stringify(hash)} }
`);
    expect(faults).toEqual([
      'user a: password is "***"; expected its hash, such as $argon2id$v=19$m=19456,t=2,p=1$...',
      'user a: lane is "fast"; expected one of immediate, high, normal, low',
      'user a: maxLane is 1; expected one of immediate, high, normal, low',
      'user a: colour is "red"; expected one of name, password, tenant, lane, maxLane, tags, senders',
      'entry 2: name is missing; expected a text of 1 to 255 characters on one line',
      'entry 3: expected name and password',
      'user b: tenant is "a b"; expected 1 to 64 letters, digits, "-" or "_"',
      'user b: tags is ["x"]; expected a mapping of tag names to texts of at most 256 characters',
      'user b: senders is "shop"; expected a list of addresses, or of domains with @ in front',
      'user c: is there twice; expected each name once',
    ]);
  });

  it.each(['', 'users', 'users: {a: b}', 'users: [', '{"users": 1}'])('refuses %j', (text) => {
    expect(faultsOf(text)).toHaveLength(1);
  });
});

describe('the senders of a user', () => {
  const user = { name: 'a', passwordHash: hash, senders: ['orders@shop.example', '@news.example'] };

  it.each([
    ['Orders@Shop.Example', true],
    ['any@news.example', true],
    ['', true],
    ['other@shop.example', false],
    ['any@sub.news.example', false],
    ['news.example', false],
  ])('%j: %s', (address, allowed) => {
    expect(mayUseSender(user, address)).toBe(allowed);
  });

  it('are all addresses when none are named', () => {
    expect(mayUseSender({ name: 'a', passwordHash: hash }, 'any@where.example')).toBe(true);
  });
});
