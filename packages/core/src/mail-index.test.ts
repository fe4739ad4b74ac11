import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LaneTable } from './lane-table.ts';
import { newMail, type Mail } from './mail.ts';
import { MailIndex } from './mail-index.ts';
import { ticketOf } from './simulation/stage.ts';

function mailOf(id: string): Mail {
  return newMail(ticketOf({ id }), { kind: 'wait', sequence: 1 }, new LaneTable().all[0]!, 1);
}

const idsOf = (mails: Iterable<Mail>) => [...mails].map(({ ticket }) => ticket.id);

describe('the index of mail', () => {
  test('holds what a map would hold', () => {
    const id = fc.constantFrom(...Array.from({ length: 20 }, (_, number) => `mail-${number}`));
    fc.assert(
      fc.property(fc.array(id, { maxLength: 200 }), (moves) => {
        const index = new MailIndex();
        const model = new Map<string, Mail>();
        for (const moved of moves) {
          if (model.delete(moved)) index.delete(moved);
          else {
            const mail = mailOf(moved);
            index.add(mail);
            model.set(moved, mail);
          }
          expect([index.size, index.has(moved), index.get(moved)]).toEqual([model.size, model.has(moved), model.get(moved)]);
        }
        expect(new Set(index.values())).toEqual(new Set(model.values()));
      }),
    );
  });

  test('deletes nothing for an id that it does not know', () => {
    const index = new MailIndex();
    index.add(mailOf('known'));
    index.delete('unknown');
    expect(idsOf(index.values())).toEqual(['known']);
  });

  test('says what a walk will come to', () => {
    const index = new MailIndex();
    const [first, second, third] = ['a', 'b', 'c'].map(mailOf) as [Mail, Mail, Mail];
    for (const mail of [first, second]) index.add(mail);
    const walk = index.walk();
    index.add(third);
    const ahead = () => [first, second, third].map(walk.isAhead);
    expect(ahead()).toEqual([true, true, false]);
    walk.next();
    expect(ahead()).toEqual([false, true, false]);
    index.delete('b');
    expect(ahead()).toEqual([false, false, false]);
    expect(walk.next()).toBeUndefined();
  });

  test('passes through those that were there, whatever comes and goes meanwhile', () => {
    const index = new MailIndex();
    for (const id of ['a', 'b', 'c', 'd']) index.add(mailOf(id));
    const walk = index.values();
    expect(walk.next().value?.ticket.id).toBe('a');
    // The place of one that was not met, and of one that was, are taken by others.
    for (const id of ['a', 'c']) index.delete(id);
    for (const id of ['e', 'f', 'g']) index.add(mailOf(id));
    expect(idsOf(walk)).toEqual(['b', 'd']);
    expect(idsOf(index.values()).toSorted()).toEqual(['b', 'd', 'e', 'f', 'g']);
  });
});
