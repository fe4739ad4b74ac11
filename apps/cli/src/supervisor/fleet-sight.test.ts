import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@posthaste/telemetry';
import { afterEach, expect, it } from 'vitest';
import { seeFleet } from './fleet-sight.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function answering(text: string, status = 200): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(status).end(text)).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
}

const owner = `# HELP posthaste_needed_senders How many
# TYPE posthaste_needed_senders gauge
posthaste_needed_senders{partition="0"} 3
posthaste_needed_senders{partition="1"} 7
posthaste_senders_frozen{partition="0"} 1
posthaste_late{lane="high"} 20
posthaste_late{lane="low"} 1.5e+3
posthaste_oldest_age_seconds{lane="low"} 99
`;

it('takes the greatest need of all partitions and the sum of what is late', async () => {
  const urls = [await answering(owner), await answering('posthaste_needed_senders{partition="2"} 5\nposthaste_late{lane="high"} 1\n')];
  expect(await seeFleet(urls, systemClock)).toMatchObject({ needed: 7, late: 1_521, frozen: true });
});

it('goes by those that answer, and knows nothing when no owner does', async () => {
  const gone = 'http://127.0.0.1:1/metrics';
  expect(await seeFleet([gone, await answering('posthaste_needed_senders{partition="0"} 2\n')], systemClock)).toMatchObject({
    needed: 2,
    frozen: false,
  });
  expect(await seeFleet([gone, await answering(owner, 503), await answering('posthaste_late{lane="high"} 3\n')], systemClock)).toBeUndefined();
});
