import { expect, it } from 'vitest';
import { bodiesStream } from '@posthaste/stream';
import { eventually } from '@posthaste/testkit';
import { grpcClient, restClient } from './api-client.ts';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMail, textBody } from './story-mail.ts';
import { measure } from './streams.ts';

const body = textBody('twenty', 20 * 2 ** 20);

it('takes mail of 20 MiB through every door, and delivers it byte for byte', () =>
  play({ programs: ['relay', 'api', 'scheduler', 'sender'] }, async (system) => {
    const { 'relay.listen': smtp, 'api.listen': api } = system.ports;
    const load = (story: string, client: () => ReturnType<typeof smtpClient>) =>
      new Load({ mails: [storyMail({ story, body })], sessions: 1, client });
    const loads = [load('smtp', () => smtpClient(smtp)), load('rest', () => restClient(api)), load('grpc', () => grpcClient(api))];
    expect(await settle(system, loads)).toMatchObject({ duplicates: 0 });
    for (const { refusals } of loads) expect(refusals).toEqual(new Map());
    await eventually(async () => expect((await measure(system.natsUrl, bodiesStream)).messages, 'bodies that are left').toBe(0));
  }));
