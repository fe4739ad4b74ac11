import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { Health, HealthCheckResponse_ServingStatus as Status } from '@posthaste/protocol/grpc';
import { eventually } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';

interface ToldSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

interface ToldExport {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly ToldSpan[] }[] }[];
}

const programs = ['relay', 'api', 'scheduler', 'sender'] as const;

it('tells traces from the door to the attempt, health by HTTP and gRPC, and metrics by the rules of Prometheus', async () => {
  const collector = await startCollector();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  await play({ programs: [...programs], env }, async (system) => {
    const load = new Load({ mails: storyMails(20), sessions: 2, client: () => smtpClient(system.ports['relay.listen']) });
    await settle(system, [load]);

    for (const name of programs) {
      const baseUrl = `http://127.0.0.1:${system.ports[`${name}.admin`]}`;
      const health = createClient(Health, createGrpcTransport({ baseUrl }));
      expect((await health.check({})).status, name).toBe(Status.SERVING);
      expect(faultsOf(await (await fetch(`${baseUrl}/metrics`)).text()), name).toEqual([]);
    }

    const whole = await fetch(`http://127.0.0.1:${system.ports['api.listen']}/health`);
    expect([whole.status, await whole.json()]).toMatchObject([
      200,
      { status: 'ok', storage: { status: 'ok' }, scheduler: { status: 'ok' }, senders: 1 },
    ]);

    // What is left is sent when a program ends.
    await Promise.all([system.relay.terminate(), system.sender.terminate()]);
    await eventually(() => expect(collector.spans().filter(({ name }) => name === 'attempt delivery')).toHaveLength(20));
    for (const attempt of collector.spans().filter(({ name }) => name === 'attempt delivery')) {
      const door = collector.spans().find(({ spanId }) => spanId === attempt.parentSpanId);
      expect(door).toMatchObject({ name: 'accept mail', traceId: attempt.traceId });
      expect(mailOf(attempt)).toBe(door && mailOf(door));
    }

    await system.scheduler.kill();
    await eventually(async () => expect((await fetch(`http://127.0.0.1:${system.ports['api.listen']}/health`)).status).toBe(503));
  });
  collector.close();
});

function mailOf({ attributes }: ToldSpan): string | undefined {
  return attributes.find(({ key }) => key === 'email.message.id')?.value.stringValue;
}

/** Prefix, unit or `_total` at the end, and a help text of more than a name (Prometheus: "Metric and label naming"). */
function faultsOf(text: string): string[] {
  const kinds = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', kind = '']) => [name, kind]));
  const helps = new Map([...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name = '', help = '']) => [name, help]));
  return [...kinds].flatMap(([name, kind]) => {
    const ours = /^posthaste_[a-z][a-z0-9_]*$/.test(name) || /^(process|nodejs)_/.test(name);
    const total = (kind === 'counter') === name.endsWith('_total') || name.startsWith('nodejs_');
    const explained = (helps.get(name) ?? '').length > 30 || !name.startsWith('posthaste_');
    return ours && total && explained ? [] : [`${name} (${kind}): ${helps.get(name)}`];
  });
}

async function startCollector() {
  const told: ToldExport[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      told.push(JSON.parse(Buffer.concat(pieces).toString()) as ToldExport);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => told.flatMap(({ resourceSpans }) => resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
