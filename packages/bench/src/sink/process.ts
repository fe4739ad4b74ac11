/** The upstream: a process of its own, which takes mail as fast as it comes, and writes down when. */
import { createSink, type Script } from '@posthaste/sink';
import { numberOf } from '../load/message.ts';
import { serveRemote } from '../remote.ts';
import { Arrivals } from './arrivals.ts';

let arrivals = new Arrivals(0);

const sink = createSink({ hostname: 'upstream.bench.example', onMail: (mail) => arrivals.take(numberOf(mail.to[0]?.address ?? '')) });

const methods = {
  listen: async (port: number): Promise<number> => (await sink.listen({ host: '127.0.0.1', port })).port,
  /** As if the upstream had gone: connections are cut, new ones refused. */
  close: (): Promise<void> => sink.close(),
  script: (script: Script): void => sink.setScript(script),
  /** A new run of at most so many mails begins. */
  expect: (capacity: number): void => {
    arrivals = new Arrivals(capacity);
  },
  whenDelivered: ({ count, patienceMs }: { readonly count: number; readonly patienceMs: number }): Promise<void> =>
    arrivals.whenDelivered(count, patienceMs),
  delivered: (): number => arrivals.delivered,
  summary: () => arrivals.summary(),
};

export type SinkMethods = typeof methods;

serveRemote(methods);
