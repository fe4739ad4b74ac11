import { mailStream } from '@posthaste/stream';
import { eventually } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails, textBody } from './story-mail.ts';
import { measure } from './streams.ts';
import type { System } from './system.ts';

/** The log of the normal lane may then take 25.6 MiB, which is less than what goes through it here. */
const settings = {
  'limits.storage': '128MiB',
  'scheduler.checkpointEvery': '1s',
  routes: 'domain:down.example=down,*=main',
};

/** 16 KiB each, and one after the other: a log must not be full before the scheduler, which measures it once a second, looks at it. */
function startLoad(system: System, count: number, prefix: string, domain: string): Load {
  const mails = storyMails(count, (number) => ({ to: [`b@${domain}`], body: textBody(`${prefix}${number}`, 16 * 1024) }), prefix);
  return new Load({ mails, sessions: 1, client: () => smtpClient(system.ports['relay.listen']) });
}

const clockAheadMs = 30 * 60_000;

async function nextCheckpoint({ scheduler }: System): Promise<void> {
  const made = async () => (await scheduler.metrics()).sum('posthaste_checkpoints_total') ?? 0;
  const before = await made();
  await eventually(async () => (await made()) > before, { describe: 'a checkpoint is made' });
}

/** Gives the next checkpoint something to say. */
async function loadToCheckpoint(system: System, prefix: string): Promise<Load> {
  const load = startLoad(system, 15, prefix, 'up.example');
  await load.done;
  await nextCheckpoint(system);
  return load;
}

/** A portion waits for what came before: a scheduler that is stopped by its machine for seconds must not make the log full. */
async function loadInPortions(system: System): Promise<readonly Load[]> {
  const portions: Load[] = [];
  const before = system.receipts.distinct;
  for (let number = 1; number <= 10; number += 1) {
    const portion = startLoad(system, 200, `late${number}-`, 'up.example');
    portions.push(portion);
    await portion.done;
    await system.receipts.reaches(before + number * 200);
  }
  return portions;
}

it('goes on delivering above mail that pins its log, moves it out of the way, and sends nothing again after a restart', () =>
  play({ upstreams: { main: {}, down: {} }, settings }, async (system) => {
    await system.upstreamBy('down').goDown();
    const pinned = startLoad(system, 100, 'pinned', 'down.example');
    await pinned.done;
    const early = startLoad(system, 60, 'early', 'up.example');
    await early.done;
    await system.receipts.reaches(60);
    expect((await measure(system.natsUrl, mailStream(0, 'normal'))).messages, 'the log holds all, finished or not').toBe(160);

    // Ids that finished are remembered for minutes; a clock that has gone on by more than that leaves it to the ranges of the checkpoint.
    await nextCheckpoint(system);
    await system.scheduler.restart({ clockAheadMs });
    const more = [await loadToCheckpoint(system, 'more'), await loadToCheckpoint(system, 'still-more')];
    await system.scheduler.restart({ clockAheadMs });
    expect((await measure(system.natsUrl, mailStream(0, 'normal'))).messages).toBe(190);

    // Nobody moves anything out of the way before the new owner rules.
    more.push(await loadToCheckpoint(system, 'ruled'));
    const late = await loadInPortions(system);
    await eventually(async () => expect((await measure(system.natsUrl, mailStream(0, 'normal'))).messages).toBe(0), {
      timeoutMs: 30_000,
      describe: 'the log is trimmed',
    });
    await system.scheduler.restart({ clockAheadMs });

    await system.upstreamBy('down').comeBack();
    const { duplicates, history } = await settle(system, [pinned, early, ...more, ...late]);
    expect(duplicates).toBe(0);
    const copies = (load: Load) => [...load.accepted.keys()].map((id) => history.count('moved', id));
    expect(new Set(copies(pinned)), 'each that pinned the log was moved, once').toEqual(new Set([1]));
    expect(Math.max(...[early, ...late].flatMap(copies)), 'at most one copy a mail').toBeLessThanOrEqual(1);
    expect(history.count('deferred'), 'a down upstream spends no attempt').toBe(0);
    for (const load of [pinned, early, ...more, ...late]) expect(load.refusals, 'nobody was turned away').toEqual(new Map());
  }));
