import { expect, it } from 'vitest';
import { connectClient, grpcClient, restClient } from './api-client.ts';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';

it('accepts mail by SMTP, REST, Connect and gRPC, and delivers each once, byte for byte', () =>
  play({ programs: ['relay', 'api', 'scheduler', 'sender'] }, async (system) => {
    const { 'relay.listen': smtp, 'api.listen': api } = system.ports;
    const loads = [
      new Load({ mails: storyMails(300, () => ({}), 'smtp'), sessions: 5, client: () => smtpClient(smtp) }),
      new Load({ mails: storyMails(100, () => ({}), 'rest'), sessions: 5, client: () => restClient(api) }),
      new Load({ mails: storyMails(100, () => ({}), 'connect'), sessions: 5, client: () => connectClient(api) }),
      new Load({ mails: storyMails(100, () => ({}), 'grpc'), sessions: 5, client: () => grpcClient(api) }),
    ];
    expect(await settle(system, loads)).toMatchObject({ duplicates: 0, unclaimed: 0 });
    for (const load of loads) expect(load.refusals).toEqual(new Map());
  }));
