import type { RequestListener, ServerResponse } from 'node:http';
import type { LiveLedger, RebuildProgress } from '@posthaste/ledger';
import { describeError } from '@posthaste/telemetry';

/**
 * Builds the ledger anew, and tells how far it is as lines of JSON while it goes: `{"kind":"reading",...}`, and at the end `{"kind":"done",...}` or
 * `{"kind":"failed",...}`. It is broken off when the client goes away. 409 while it is being built already.
 */
export function rebuildOnRequest(ledger: Pick<LiveLedger, 'rebuild'>): RequestListener {
  let isUnderWay = false;
  return (_, response) => {
    if (isUnderWay)
      return void response.writeHead(409, { 'content-type': 'text/plain' }).end('the ledger is being rebuilt already: wait until that is done\n');
    isUnderWay = true;
    void tell(response, ledger).finally(() => (isUnderWay = false));
  };
}

async function tell(response: ServerResponse, ledger: Pick<LiveLedger, 'rebuild'>): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'application/jsonl', 'cache-control': 'no-store' });
  const say = (line: RebuildProgress | { readonly kind: 'failed'; readonly message: string }) => response.write(`${JSON.stringify(line)}\n`);
  try {
    for await (const progress of ledger.rebuild(gone.signal)) say(progress);
  } catch (error) {
    say({ kind: 'failed', message: describeError(error) });
  }
  response.end();
}
