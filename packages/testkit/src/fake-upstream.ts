import { createSink, type Mail, type Script, type SinkCounts, type SinkOptions } from '@posthaste/sink';
import type { Clock } from '@posthaste/telemetry';

/** With `tls` (see testCertificate) and `auth` it asks for what a real smart host asks for. */
export interface FakeUpstreamOptions extends Pick<SinkOptions, 'tls' | 'auth' | 'onMailFrom'> {
  /** A free one when left out. */
  readonly port?: number;
  /** A well-behaved one when left out. */
  readonly script?: Script;
  /** Measures the script's delays. Default: the system's. */
  readonly clock?: Clock;
  /** Called at each final dot, before the reply. */
  readonly onMail?: (mail: Mail) => void;
  /** False: `mails` stays empty, for tests that take more mail than memory holds. Default true. */
  readonly keepMails?: boolean;
}

/** An upstream in the test's own process: takes mail over real sockets, and misbehaves by script. */
export interface FakeUpstream extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** `smtp://host:port`, as upstreams are named in settings. */
  readonly url: string;
  /** All mails taken, in the order of their final dots, those with a lost reply too. */
  readonly mails: readonly Mail[];
  counts(): SinkCounts;
  setScript(script: Script): void;
  /** Cuts all connections and refuses new ones. */
  goDown(): Promise<void>;
  /** Listens again, on the same port. */
  comeBack(): Promise<void>;
  /** Forgets the mails taken so far. */
  clear(): void;
  close(): Promise<void>;
}

export async function startFakeUpstream(options: FakeUpstreamOptions = {}): Promise<FakeUpstream> {
  const { port = 0, script = {}, clock, onMail, keepMails = true, tls, auth, onMailFrom } = options;
  const mails: Mail[] = [];
  const take = (mail: Mail) => {
    if (keepMails) mails.push(mail);
    onMail?.(mail);
  };
  const sink = createSink({
    onMail: take,
    script,
    hostname: 'upstream.test',
    ...(onMailFrom && { onMailFrom }),
    ...(clock && { clock }),
    ...(tls && { tls }),
    ...(auth && { auth }),
  });
  const address = await sink.listen({ host: '127.0.0.1', port });
  return {
    ...address,
    url: `smtp://${address.host}:${address.port}`,
    mails,
    counts: () => sink.counts(),
    setScript: (next) => sink.setScript(next),
    goDown: () => sink.close(),
    comeBack: () => sink.listen(address).then(() => {}),
    clear: () => mails.splice(0),
    close: () => sink.close(),
    [Symbol.asyncDispose]: () => sink.close(),
  };
}
