import { readFileSync } from 'node:fs';
import { findNatsServer } from '@posthaste/stream/server';

/** Ours, Node's, and that of the nats-server that `up` would take; fetches none. */
export async function version(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  const nats = await findNatsServer({ env, mayFetch: false }).then(
    (found) => `${found.version} (${found.binary})`,
    () => 'none yet; `posthaste up` fetches one',
  );
  return `posthaste ${manifest.version}\nnode ${process.versions.node}\nnats-server ${nats}`;
}
