import { createRouterTransport, type ConnectRouter, type Transport } from '@connectrpc/connect';
import { OperatorService, StatusService, SubmissionService, type SubmitRequest } from '@posthaste/protocol';
import { createPosthasteClient, type PosthasteClient, type PosthasteClientOptions } from '../client.ts';
import { messageStatus, type MessageStatus } from '../message-status.ts';
import { FakeAttachments } from './fake-attachments.ts';
import { bare, type FakeEnd, type FakeOutcome } from './fake-message.ts';
import { FakeLanes, type FurtherLanes } from './fake-lanes.ts';
import { FakeQueue } from './fake-queue.ts';
import { FakeTroubles } from './fake-trouble.ts';
import type { Refusal } from './refusal.ts';
import { operatorService } from './operator-service.ts';
import { FakeSuspensions } from './fake-suspensions.ts';
import { statusService } from './status-service.ts';
import { submissionService } from './submission-service.ts';

export interface FakePosthasteOptions {
  /** Wall clock in milliseconds, for the times of messages. Default: the machine's. */
  readonly now?: () => number;
  /** Lanes beside the four, by name, with their bases, as the server's `lanes.further` would have them. Default: none, and any other name is refused. */
  readonly furtherLanes?: FurtherLanes;
  /** Of its client; a test that counts attempts gives a clock and a random of its own. */
  readonly client?: Omit<PosthasteClientOptions, 'baseUrl' | 'transport'>;
}

/** What was handed over. */
export interface FakeSubmission {
  readonly id: string;
  /** In the contract's own words. */
  readonly request: SubmitRequest;
  /** Where it stands now. */
  readonly status: MessageStatus;
}

/** A Posthaste in memory, for tests: it keeps the contract's rules and idempotency, and its upstream answers what the test says. */
export interface FakePosthaste {
  /** The real client, on the fake. */
  readonly client: PosthasteClient;
  /** For more clients in this process. */
  readonly transport: Transport;
  /** For programs in other languages: `http2.createServer(connectNodeAdapter({ routes }))` of @connectrpc/connect-node serves it. */
  readonly routes: (router: ConnectRouter) => void;
  /** What was accepted, oldest first; a mail that was repeated under its key stands here once. */
  submissions(): FakeSubmission[];
  /** What the next attempts for this address lead to, in turn; after these, and for all others, mail is delivered. */
  answer(address: string, ...outcomes: readonly FakeOutcome[]): void;
  /** What happens to the recipients of this message that wait, by `{ kind: 'wait' }`. */
  settle(id: string, outcome: FakeEnd): void;
  /** The next mails that are handed over are refused, so many of them. Default: one. */
  refuse(refusal: Refusal, times?: number): void;
  /** The next mails that are handed over are accepted, and the answers lost, so many of them. Default: one. */
  loseReplies(times?: number): void;
  /** All watches break, as when a server drains. */
  breakWatches(): void;
}

export function createFakePosthaste(options: FakePosthasteOptions = {}): FakePosthaste {
  const now = options.now ?? Date.now;
  const lanes = new FakeLanes(options.furtherLanes);
  const scripts = new Map<string, FakeOutcome[]>();
  const suspensions = new FakeSuspensions(now);
  const queue = new FakeQueue(
    (address) => scripts.get(address)?.shift() ?? { kind: 'deliver' },
    lanes,
    now,
    (...mail) => suspensions.stops(...mail),
  );
  const troubles = new FakeTroubles();
  let watches = new AbortController();
  const submission = submissionService({ now, queue, troubles, attachments: new FakeAttachments(now) });
  const status = statusService(queue, lanes, () => watches.signal);
  const operator = operatorService({ queue, lanes, suspensions, now });
  const routes = (router: ConnectRouter) =>
    void router.service(SubmissionService, submission).service(StatusService, status).service(OperatorService, operator);
  const transport = createRouterTransport(routes);
  return {
    client: createPosthasteClient({ ...options.client, transport }),
    transport,
    routes,
    submissions: () => queue.all().map(({ message, request }) => ({ id: message.id, request, status: messageStatus(message) })),
    answer: (address, ...outcomes) => void scripts.set(bare(address), [...outcomes]),
    settle: (id, outcome) => queue.settle(id, outcome),
    refuse: (refusal, times = 1) => troubles.add({ kind: 'refuse', refusal }, times),
    loseReplies: (times = 1) => troubles.add({ kind: 'lose-reply' }, times),
    breakWatches() {
      watches.abort();
      watches = new AbortController();
    },
  };
}
