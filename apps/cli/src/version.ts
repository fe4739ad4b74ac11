import { findNatsServer } from '@posthaste/stream/server';
import manifest from '../package.json' with { type: 'json' };

/** Ours, Node's, and that of the nats-server that `up` would take; fetches none. */
export async function versions(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const nats = await findNatsServer({ env, mayFetch: false }).then(
    (found) => `${found.version} (${found.binary})`,
    () => 'none yet; `posthaste up` fetches one',
  );
  return `posthaste ${manifest.version}\nnode ${process.versions.node}\nnats-server ${nats}`;
}
