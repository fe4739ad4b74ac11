import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer, type AddressInfo, type Server as NetServer } from 'node:net';
import { freePort } from '@posthaste/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { type DoorName, portOrder } from '../config.ts';
import { checkClock, checkNats, checkPorts, checkPrograms } from './programs.ts';

const servers: (Server | NetServer)[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listening(server: Server | NetServer): Promise<{ host: string; port: number }> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

/** An admin port. */
const admin = (readyStatus: number, date = new Date()) =>
  listening(
    createHttpServer((request, response) => {
      const status = request.url === '/readyz' ? readyStatus : request.url === '/healthz' ? 200 : 404;
      response.writeHead(status, { date: date.toUTCString(), connection: 'close' }).end(status === 200 ? 'ok\n' : 'not ready\n');
    }),
  );

async function doors(known: Partial<Record<DoorName, { host: string; port: number }>>): Promise<Record<DoorName, { host: string; port: number }>> {
  const nowhere = { host: '127.0.0.1', port: await freePort() };
  return Object.fromEntries(portOrder.map((name) => [name, known[name] ?? nowhere])) as Record<DoorName, { host: string; port: number }>;
}

describe('the doctor', () => {
  it('tells a program that works from one that runs and from one that is away', async () => {
    const findings = await checkPrograms(
      await doors({ 'scheduler.admin': await admin(200), 'sender.admin': await admin(503), 'relay.admin': await admin(404) }),
    );
    expect(findings.map(({ check, verdict }) => [check, verdict])).toEqual([
      ['scheduler', 'pass'],
      ['sender', 'fail'],
      ['relay', 'fail'],
      ['api', 'fail'],
    ]);
    expect(findings[1]?.says).toContain('but cannot work: not ready');
    expect(findings[3]).toMatchObject({ says: expect.stringContaining('ECONNREFUSED'), hint: expect.stringContaining('POSTHASTE_API_ADMIN') });
  });

  it('knocks at the doors', async () => {
    const findings = await checkPorts(await doors({ 'relay.listen': await listening(createServer()) }));
    expect(findings.map(({ check, verdict }) => [check, verdict])).toEqual([
      ['relay.listen', 'pass'],
      ['api.listen', 'fail'],
      ['api.grpc', 'fail'],
      ['scheduler.listen', 'fail'],
    ]);
  });

  it('asks each nats-server of a cluster', async () => {
    const nats = (version: string, jetstream: boolean) =>
      listening(createServer((socket) => socket.end(`INFO ${JSON.stringify({ version, jetstream })} \r\n`)));
    const [fine, old, plain] = await Promise.all([nats('2.15.1', true), nats('2.9.10', true), nats('2.15.1', false)]);
    const urls = [
      `nats://user:secret@127.0.0.1:${fine.port}`,
      `127.0.0.1:${old.port}`,
      ` nats://127.0.0.1:${plain.port}`,
      `nats://127.0.0.1:${await freePort()}`,
    ];
    const findings = await checkNats(urls.join(','));
    expect(findings.map(({ verdict }) => verdict)).toEqual(['pass', 'fail', 'fail', 'fail']);
    expect(findings.map(({ says }) => says)).toEqual([
      `2.15.1 with JetStream at 127.0.0.1:${fine.port}`,
      `2.9.10 at 127.0.0.1:${old.port} is too old`,
      `2.15.1 at 127.0.0.1:${plain.port} runs without JetStream`,
      expect.stringContaining('does not answer'),
    ]);
    expect(JSON.stringify(findings)).not.toContain('secret');
  });

  it('compares the clocks', async () => {
    expect(await checkClock(await admin(200))).toMatchObject({ verdict: 'pass' });
    expect(await checkClock(await admin(200, new Date(Date.now() - 60_000)))).toMatchObject({
      verdict: 'warn',
      says: expect.stringMatching(/^(59|60|61) s ahead of/),
    });
    expect(await checkClock({ host: '127.0.0.1', port: await freePort() })).toMatchObject({ verdict: 'warn' });
  });
});
