import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { freePort } from '@posthaste/testkit';
import { checkDoors, type Door, PortTaken } from './port.ts';

const door = (program: string, port: number): Door => ({ program, address: { host: '127.0.0.1', port }, remedy: `--${program}.listen=HOST:PORT` });

it('has nothing to say when all ports are free', async () => {
  const port = await freePort();
  await checkDoors([door('relay', port)]);
  await checkDoors([door('relay', port)]);
});

it('names each program, port and flag when ports are taken', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const failure = await checkDoors([door('relay', port), door('api', await freePort())]).catch((error: unknown) => error);
  server.close();
  expect(failure).toBeInstanceOf(PortTaken);
  expect((failure as Error).message).toBe(
    `relay cannot listen on 127.0.0.1:${port}: the port is taken by another program. Give it another with --relay.listen=HOST:PORT\nor move all ports at once with --port-base N.`,
  );
});
