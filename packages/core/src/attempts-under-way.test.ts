import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AttemptsUnderWay } from './attempts-under-way.ts';
import { LaneTable } from './lane-table.ts';
import { newMail } from './mail.ts';
import type { Attempt } from './sender-table.ts';
import { ticketOf } from './simulation/stage.ts';

const mail = newMail(ticketOf(), { kind: 'wait', sequence: 1 }, new LaneTable().all[0]!, 1);

function attemptOf(id: string): Attempt {
  return { id, mail, recipients: [0], upstream: 'main', sender: 's', begun: false };
}

test('holds what a map would hold, attempts of several epochs with the same number included', () => {
  const id = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 5 })).map(([epoch, number]) => `${epoch}.${number}`);
  fc.assert(
    fc.property(fc.array(id, { maxLength: 100 }), (moves) => {
      const attempts = new AttemptsUnderWay();
      const model = new Map<string, Attempt>();
      for (const moved of moves) {
        const known = model.get(moved);
        if (known) {
          expect([attempts.delete(known), attempts.delete(known)]).toEqual([true, false]);
          model.delete(moved);
        } else {
          const attempt = attemptOf(moved);
          attempts.add(attempt);
          model.set(moved, attempt);
        }
        for (const [other, attempt] of model) expect(attempts.get(other)).toBe(attempt);
        expect([attempts.get(moved), attempts.size]).toEqual([model.get(moved), model.size]);
      }
      expect(new Set(attempts.values())).toEqual(new Set(model.values()));
    }),
  );
});

test('finds nothing by an id that nobody gave, and removes none but the very attempt', () => {
  const attempts = new AttemptsUnderWay();
  const attempt = attemptOf('1.2');
  attempts.add(attempt);
  for (const id of ['', '.', '1', '2', '1.', '1.x', '1.2.3', '-1.2', '1.2e300', '1.99999999999999999999']) expect(attempts.get(id)).toBeUndefined();
  expect(attempts.delete(attemptOf('1.2'))).toBe(false);
  expect(attempts.get('1.2')).toBe(attempt);
});
