import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog, systemClock } from '@posthaste/telemetry';
import { ManualClock } from '@posthaste/testkit';
import { hashPassword, verifyPassword } from '@posthaste/users';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Logins, openUsers, type Users } from './logins.ts';
import type { LiveFile } from './live-file.ts';

let dir: string;
let users: LiveFile<Users>;
let clock: ManualClock;
/** The hashes that a password was compared with, one entry a comparison. */
let compared: string[];
let atOnce: number;
let mostAtOnce: number;

const [anna, bert] = await Promise.all([hashPassword('anna'), hashPassword('bert')]);
const path = () => join(dir, 'users.yaml');
const write = (...entries: { name: string; password: string }[]) => writeFileSync(path(), JSON.stringify({ users: entries }));

async function verify(password: string, hash: string): Promise<boolean> {
  compared.push(hash);
  mostAtOnce = Math.max(mostAtOnce, ++atOnce);
  const right = await verifyPassword(password, hash);
  atOnce -= 1;
  return right;
}

const create = () => new Logins({ users, clock, maxFailuresPerAddress: 3, failureWindowMs: 60_000, verify });

beforeEach(async () => {
  [compared, atOnce, mostAtOnce] = [[], 0, 0];
  clock = new ManualClock();
  dir = mkdtempSync(join(tmpdir(), 'posthaste-users-'));
  write({ name: 'anna', password: anna }, { name: 'bert', password: bert });
  users = await openUsers(path(), systemClock, silentLog, undefined, 3_600_000);
});

afterEach(() => {
  users.close();
  rmSync(dir, { recursive: true });
});

describe('a login', () => {
  it('is known with the right password, wrong with any other, and wrong for a user who is not there', async () => {
    const logins = create();
    expect(await logins.verify('anna', 'anna', 'client')).toEqual({ kind: 'known', user: { name: 'anna', passwordHash: anna } });
    expect(await logins.verify('bert', 'anna', 'client')).toEqual({ kind: 'wrong' });
    expect(await logins.verify('carl', 'anna', 'client')).toEqual({ kind: 'wrong' });
    expect(await logins.verify('anna', '', 'client')).toEqual({ kind: 'wrong' });
  });

  it('may have options behind the name, which change nothing in how it is verified', async () => {
    const logins = create();
    const user = { name: 'anna', passwordHash: anna };
    expect(await logins.verify('anna+lane=high', 'anna', 'client')).toEqual({ kind: 'known', user, options: 'lane=high' });
    expect(await logins.verify('anna+lane=low', 'anna', 'client')).toEqual({ kind: 'known', user, options: 'lane=low' });
    expect(await logins.verify('anna', 'anna', 'client')).toEqual({ kind: 'known', user });
    expect(compared).toEqual([anna]);
    expect(await logins.verify('bert+lane=high', 'x', 'client')).toEqual({ kind: 'wrong' });
    expect(await logins.verify('carl+lane=high', 'x', 'client')).toEqual({ kind: 'wrong' });
    expect(compared).toEqual([anna, bert, anna]);
  });

  it('costs one comparison whether the user is there or not', async () => {
    const logins = create();
    await logins.verify('bert', 'x', 'client');
    await logins.verify('carl', 'x', 'client');
    expect(compared).toEqual([bert, anna]);
  });

  it('that was right costs nothing more for a minute, a wrong one each time', async () => {
    const logins = create();
    for (let time = 0; time < 100; time++) expect((await logins.verify('anna', 'anna', 'client')).kind).toBe('known');
    expect(compared).toHaveLength(1);
    for (let time = 0; time < 2; time++) expect((await logins.verify('anna', 'x', 'client')).kind).toBe('wrong');
    expect(compared).toHaveLength(3);
    await clock.advance(60_000);
    await logins.verify('anna', 'anna', 'client');
    expect(compared).toHaveLength(4);
  });

  it('is compared once for all who come with it at the same time, and few at once otherwise', async () => {
    const logins = create();
    const same = await Promise.all(Array.from({ length: 300 }, () => logins.verify('anna', 'anna', 'client')));
    expect(same.every(({ kind }) => kind === 'known')).toBe(true);
    expect(compared).toHaveLength(1);
    await Promise.all(Array.from({ length: 6 }, (_, number) => logins.verify('bert', `x${number}`, `client ${number}`)));
    expect([compared.length, mostAtOnce]).toEqual([7, 2]);
  });

  it('is answered as our own trouble when too many wait', async () => {
    const { promise: opened, resolve: open } = Promise.withResolvers<boolean>();
    const logins = new Logins({ users, clock, maxFailuresPerAddress: 3, failureWindowMs: 60_000, verify: () => opened });
    const many = Array.from({ length: 203 }, (_, number) => logins.verify('bert', `x${number}`, `client ${number}`));
    open(false);
    const kinds = (await Promise.all(many)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'unavailable')).toHaveLength(1);
  });

  it('is answered as our own trouble while the file cannot be read', async () => {
    unlinkSync(path());
    await users.reload();
    expect(await create().verify('anna', 'anna', 'client')).toMatchObject({ kind: 'unavailable' });
    write({ name: 'anna', password: anna });
    await users.reload();
    expect(await create().verify('anna', 'anna', 'client')).toMatchObject({ kind: 'known' });
  });

  it('is not even looked at after too many wrong ones from the same client, unless it was right lately', async () => {
    const logins = create();
    await logins.verify('anna', 'anna', 'client');
    for (let time = 0; time < 3; time++) expect(await logins.verify('bert', 'x', 'client')).toEqual({ kind: 'wrong' });
    expect(await logins.verify('bert', 'bert', 'client')).toEqual({ kind: 'too many' });
    expect(await logins.verify('anna', 'anna', 'client')).toMatchObject({ kind: 'known' });
    expect(await logins.verify('bert', 'bert', 'another')).toMatchObject({ kind: 'known' });
    await clock.advance(60_000);
    expect(await logins.verify('bert', 'x', 'client')).toEqual({ kind: 'wrong' });
  });
});

describe('a change of the users file', () => {
  it('holds at once: a new password, a user who is gone', async () => {
    const logins = create();
    const before = await logins.verify('anna', 'anna', 'client');
    if (before.kind !== 'known') throw new Error(before.kind);
    write({ name: 'anna', password: anna });
    await users.reload();
    expect(logins.refresh(before.user)).toEqual(before.user);
    write({ name: 'anna', password: bert });
    await users.reload();
    expect(logins.refresh(before.user)).toBeUndefined();
    expect((await logins.verify('anna', 'anna', 'client')).kind).toBe('wrong');
    expect((await logins.verify('anna', 'bert', 'client')).kind).toBe('known');
    write();
    await users.reload();
    expect((await logins.verify('anna', 'bert', 'client')).kind).toBe('wrong');
  });

  it('with a fault in it changes nothing', async () => {
    const logins = create();
    writeFileSync(path(), 'users: [');
    await users.reload();
    expect((await logins.verify('anna', 'anna', 'client')).kind).toBe('known');
  });
});
