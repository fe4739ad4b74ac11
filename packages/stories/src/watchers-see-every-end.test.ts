import { Code, ConnectError, createClient, type Client } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { MessageState, StatusService, type ListMessagesRequest, type Message } from '@posthaste/protocol';
import { eventually } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';
import type { System } from './system.ts';

const script = {
  rules: [
    { at: 'rcpt', recipient: '*@never.example', reply: '550 5.1.1 No such user' },
    { at: 'final', recipient: '*@later.example', times: 30, reply: '451 4.7.1 Come again' },
    { at: 'final', delayMs: 150, reply: '250 2.0.0 Ok: queued as 4ZK1Yl0B2q' },
  ],
} as const;

/** One mail may meet the same rule many times. */
const settings = { 'scheduler.retryDelays': Array.from({ length: 30 }, () => '200ms').join(',') };

type Status = Client<typeof StatusService>;

/** What one watcher was told, over as many calls as it took. */
interface Watch {
  readonly told: Message[];
  readonly errors: Code[];
  readonly done: Promise<unknown>;
}

function watch(status: Status, id: string): Watch {
  const told: Message[] = [];
  const errors: Code[] = [];
  let token = '';
  const read = async () => {
    try {
      for await (const { message, resumeToken } of status.watchMessage({ id, resumeToken: token })) {
        if (message) told.push(message);
        token = resumeToken;
      }
    } catch (error) {
      errors.push(ConnectError.from(error).code);
      throw error;
    }
  };
  return { told, errors, done: eventually(read, { timeoutMs: 60_000, intervalMs: 50, describe: `the watch of ${id} ends` }) };
}

async function list(status: Status, request: Partial<Omit<ListMessagesRequest, '$typeName'>>): Promise<Set<string>> {
  const ids = new Set<string>();
  let pageToken = '';
  do {
    const page = await status.listMessages({ ...request, pageSize: 30, pageToken });
    for (const { id } of page.messages) ids.add(id);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return ids;
}

it('tells 200 watchers each end once, whoever is killed meanwhile; lists and statistics agree with what came upstream', () =>
  play({ programs: ['relay', 'api', 'scheduler', 'sender'], upstreams: { main: { script } }, settings }, async (system) => {
    const status = createClient(StatusService, createGrpcTransport({ baseUrl: `http://127.0.0.1:${system.ports['api.listen']}` }));
    const [fine, never] = [startLoad(system, 170), startLoad(system, 30, 'never.example')];
    await Promise.all([fine.done, never.done]);
    const watches = new Map([...fine.accepted.keys(), ...never.accepted.keys()].map((id) => [id, watch(status, id)]));
    await system.receipts.reaches(60);
    await Promise.all([system.scheduler.restart(), system.program('api').restart()]);
    const { duplicates } = await settle(system, [fine]);
    expect(duplicates).toBe(0);

    await Promise.all([...watches.values()].map(({ done }) => done));
    expect(
      [...watches.values()].some(({ errors }) => errors.length > 0),
      'the kill was felt',
    ).toBe(true);
    for (const [id, { told, errors }] of watches) {
      const end = never.accepted.has(id) ? MessageState.FAILED : MessageState.DELIVERED;
      expect(told.at(-1)?.state, id).toBe(end);
      expect(
        told.filter(({ state }) => state >= MessageState.DELIVERED),
        `ends of ${id}`,
      ).toHaveLength(1);
      expect(errors, id).not.toContain(Code.NotFound);
    }
    await compareLists(system, status, fine, never);
    await compareFigures(status, fine.size, never.size);
  }));

function startLoad(system: System, count: number, domain?: string): Load {
  const to = (number: number) => [`b${number}@${domain ?? (number % 5 === 0 ? 'later.example' : 'example.net')}`];
  const mails = storyMails(count, (number) => ({ to: to(number), from: `${domain ?? 'shop'}@example.org` }), domain ?? 'fine');
  return new Load({ mails, sessions: 10, client: () => smtpClient(system.ports['relay.listen']) });
}

async function compareLists({ receipts }: System, status: Status, fine: Load, never: Load): Promise<void> {
  const delivered = new Set(receipts.byId.keys());
  expect(await list(status, { states: [MessageState.DELIVERED] })).toEqual(delivered);
  expect(await list(status, { from: 'SHOP@example.org' })).toEqual(new Set(fine.accepted.keys()));
  expect(await list(status, { upstreamId: '4ZK1Yl0B2q' })).toEqual(delivered);
  expect(await list(status, { states: [MessageState.FAILED], recipient: '@never.example' })).toEqual(new Set(never.accepted.keys()));
  expect(await list(status, { states: [MessageState.QUEUED, MessageState.SENDING] })).toEqual(new Set());
  for (const [id, { to, story }] of [...fine.accepted].slice(0, 5)) {
    expect(await list(status, { recipient: to[0]! })).toContain(id);
    expect(await list(status, { messageIdHeader: `${story}@story.example` })).toEqual(new Set([id]));
  }
}

async function compareFigures(status: Status, delivered: number, failed: number): Promise<void> {
  const { totals, lanes, upstreams, senders, ledgerLag } = await status.queueStats({});
  expect(totals).toMatchObject({
    acceptedCount: BigInt(delivered + failed),
    deliveredCount: BigInt(delivered),
    failedCount: BigInt(failed),
    expiredCount: 0n,
  });
  expect(lanes.map(({ readyCount, waitingCount, sendingCount }) => readyCount + waitingCount + sendingCount)).toEqual([0n, 0n, 0n, 0n]);
  expect([upstreams.map(({ name }) => name), senders.length, ledgerLag?.seconds]).toEqual([['main'], 1, 0n]);
}
