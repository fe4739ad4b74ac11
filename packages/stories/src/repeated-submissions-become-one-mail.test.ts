import { eventually } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { keyedRestClient } from './api-client.ts';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMail, storyMails, type StoryMail } from './story-mail.ts';
import type { System } from './system.ts';

/** Every mail came once, under the id that its client heard in the end, and there is no other one. */
async function eachOnce(system: System, load: Load, mails: readonly StoryMail[]): Promise<void> {
  const { unclaimed, duplicates } = await settle(system, [load]);
  expect({ unclaimed, duplicates, came: system.receipts.all.length }).toEqual({ unclaimed: 0, duplicates: 0, came: mails.length });
  const brokenOff = [...load.ambiguous.values()].reduce((sum, tries) => sum + tries, 0);
  expect(brokenOff, 'replies were lost').toBeGreaterThan(0);
}

async function submitUntilHeard(system: System, mail: StoryMail): Promise<string> {
  const client = smtpClient(system.ports['relay.listen']);
  try {
    return await eventually(async () => {
      const answer = await client.submit(mail);
      if (answer.kind === 'refused') throw new Error(answer.reply);
      return answer.id;
    });
  } finally {
    client.close();
  }
}

it('answers a client that lost its reply with the id of the mail that came, also when another relay process serves it', () =>
  play({}, async (system) => {
    const mail = storyMail({ story: 'lost-reply' });
    const client = smtpClient(system.ports['relay.listen']);
    // Its connection is gone before the reply can be read.
    const lost = client.submit(mail).then(() => {});
    await system.receipts.reaches(1);
    client.close();
    await lost;
    const [id] = system.receipts.byId.keys();
    expect(await submitUntilHeard(system, mail)).toBe(id);
    await system.relay.restart();
    expect(await submitUntilHeard(system, mail), 'what the relay has forgotten stands in the journal').toBe(id);
    await system.scheduler.restart();
    await system.relay.restart();
    expect(await submitUntilHeard(system, mail)).toBe(id);
    expect(system.receipts.all).toHaveLength(1);
  }));

it('sends each mail once when the relay is killed again and again before it can reply, and its clients send again', () =>
  play({}, async (system) => {
    const mails = storyMails(1_500);
    const load = new Load({ mails, sessions: 10, client: () => smtpClient(system.ports['relay.listen']) });
    for (const accepted of [200, 500, 800, 1_100]) {
      await load.reaches(accepted);
      await system.relay.restart();
    }
    await eachOnce(system, load, mails);
  }));

it('sends each mail once when the api is killed again and again, and its clients try again under their keys', () =>
  play({ programs: ['api', 'scheduler', 'sender'], settings: { 'api.retryFor': '3s' } }, async (system) => {
    const mails = storyMails(900);
    const load = new Load({ mails, sessions: 10, client: () => keyedRestClient(system.ports['api.listen']) });
    for (const accepted of [150, 350, 550, 750]) {
      await load.reaches(accepted);
      await system.program('api').restart();
    }
    await eachOnce(system, load, mails);
  }));
