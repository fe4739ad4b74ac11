import { systemClock } from '@posthaste/telemetry';
import { eventually, ManualClock, startFakeUpstream } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { Connections } from './connections.ts';
import { targetOf } from './rig.ts';
import { openSession } from './smtp-upstream.ts';

it.each([
  ['', 60_000],
  ['?idleTimeout=5s', 5_000],
])('an upstream said as smtp://host%s has a connection without mail closed after %i ms, and not before', async (query, idleMs) => {
  await using upstream = await startFakeUpstream();
  const target = targetOf(`${upstream.url}${query}`);
  const clock = new ManualClock();
  const connections = new Connections({ target, clock, inForceChanged: () => {}, freed: () => {} });
  const session = await connections.add(() => openSession(target, { clock: systemClock }));
  connections.rest(session);
  await clock.advance(idleMs - 1);
  connections.tick();
  expect(connections.open).toBe(1);
  await clock.advance(1);
  connections.tick();
  expect(connections.open).toBe(0);
  await eventually(() => upstream.counts().open === 0);
});
