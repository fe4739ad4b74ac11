import { expect, test } from 'vitest';
import { recipientsOf, Stage, ticketOf } from './simulation/stage.ts';

test('recipients are counted by lane, by upstream, and by whether their time has come', () => {
  const stage = new Stage({ upstreams: ['main', 'other'] });
  const due = stage.now.wall + 60_000;
  const tickets = [
    ticketOf({ lane: 'high', recipients: recipientsOf(3) }),
    ticketOf({ lane: 'low', acceptedAt: 5, recipients: recipientsOf(2, 'other.example') }),
    ticketOf({ lane: 'low', acceptedAt: 7, due }),
  ];
  tickets.forEach((ticket, index) => stage.tell({ kind: 'arrived', ticket, place: { kind: 'log', lane: ticket.lane, sequence: index + 1 } }));
  const census = stage.engine.census(stage.now.wall);
  expect(census).toMatchObject({
    lanes: [
      { lane: { name: 'immediate' } },
      { lane: { name: 'high' }, depth: { queued: 3, sending: 0, inDoubt: 0 }, waiting: 0 },
      { lane: { name: 'normal' }, depth: { queued: 0 }, oldestAcceptedAt: null },
      { lane: { name: 'low' }, depth: { queued: 3 }, waiting: 1, oldestAcceptedAt: 5 },
    ],
    destinations: [
      { queued: 4, sending: 0 },
      { queued: 2, sending: 0 },
    ],
    difference: 0,
  });
  expect(stage.engine.census(due).lanes.at(-1)?.waiting, 'what has become due waits no more').toBe(0);
});

test('in pieces it comes to the same, and a piece is small', () => {
  const stage = new Stage();
  for (let sequence = 1; sequence <= 2_500; sequence += 1) {
    stage.tell({ kind: 'arrived', ticket: ticketOf(), place: { kind: 'log', lane: 'normal', sequence } });
  }
  const walk = stage.engine.countIndex(stage.now.wall);
  let pieces = 1;
  let step = walk.next();
  for (; !step.done; step = walk.next()) pieces += 1;
  expect(step.value).toEqual(stage.engine.census(stage.now.wall));
  expect(pieces).toBe(3);
});

test('in pieces it counts the index as it was when it began, whatever changes meanwhile', () => {
  const stage = new Stage();
  for (let sequence = 1; sequence <= 2_500; sequence += 1) {
    stage.tell({ kind: 'arrived', ticket: ticketOf(), place: { kind: 'log', lane: 'normal', sequence } });
  }
  const before = stage.engine.census(stage.now.wall);
  const walk = stage.engine.countIndex(stage.now.wall);
  walk.next();
  // Some are started, and delivered, of those that were counted and of those that were not; others come, into the places that these left.
  stage.join('sender', { main: 1_500 });
  for (const attempt of stage.takeSent().slice(0, 1_400)) stage.report(attempt, 'delivered');
  for (let sequence = 2_501; sequence <= 3_000; sequence += 1) {
    stage.tell({ kind: 'arrived', ticket: ticketOf(), place: { kind: 'log', lane: 'normal', sequence } });
  }
  let step = walk.next();
  while (!step.done) step = walk.next();
  expect(step.value).toEqual(before);
  expect(stage.engine.census(stage.now.wall)).not.toEqual(before);
});

test('mail is late that is ready and past the target of its lane, counted from its acceptance or its due time', () => {
  const stage = new Stage();
  const { wall } = stage.now;
  const minute = 60_000;
  stage.arrive({ lane: 'high', acceptedAt: wall - 3 * minute });
  stage.arrive({ lane: 'high', acceptedAt: wall - 1 * minute });
  stage.arrive({ lane: 'high', acceptedAt: wall - 60 * minute, due: wall - 1 * minute });
  stage.arrive({ lane: 'high', acceptedAt: wall - 60 * minute, due: wall + 1 * minute });
  stage.arrive({ lane: 'low', acceptedAt: wall - 600 * minute });
  expect(stage.engine.census(wall)).toMatchObject({
    lanes: [
      { late: 0, oldestReadyAt: null },
      { late: 1, oldestReadyAt: wall - 3 * minute },
      { late: 0 },
      { late: 0, oldestReadyAt: wall - 600 * minute },
    ],
  });
  stage.join('sender');
  expect(stage.engine.census(wall), 'what is with a sender is late no more').toMatchObject({ lanes: [{}, { late: 0, oldestReadyAt: null }, {}, {}] });
});
