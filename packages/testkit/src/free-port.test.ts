import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { freePort } from './free-port.ts';

it('gives ports that can be listened on, and that no outgoing connection takes meanwhile', async () => {
  const ports = [await freePort(), await freePort(), await freePort()];
  expect(new Set(ports).size).toBe(3);
  for (const port of ports) {
    expect(port).toBeLessThan(32_768);
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    expect(server.address()).toMatchObject({ port });
    server.close();
  }
});

it('passes over a port that is taken', async () => {
  const before = await freePort();
  const taken = createServer().listen(before + 1, '127.0.0.1');
  await Promise.race([once(taken, 'listening'), once(taken, 'error')]);
  expect(await freePort()).toBeGreaterThan(before + 1);
  taken.close();
});
