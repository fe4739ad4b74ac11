import { StatusService } from '@posthaste/protocol';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FakeApi, startFakeApi } from '../rig.ts';
import { examine } from './examine.ts';

let api: FakeApi;
beforeEach(async () => {
  api = await startFakeApi((router) => router.service(StatusService, { queueStats: () => ({ lanes: [] }) }));
});
afterEach(() => api.close());

const nowhere = { endpoint: undefined, config: undefined, portBase: undefined, dataDir: undefined };
const env = { PATH: process.env['PATH'] };

it('asks an api that is named, and takes the default ports of this machine for nobody', async () => {
  const findings = await examine({ ...nowhere, endpoint: api.endpoint }, env);
  expect(findings.map(({ check, verdict }) => [check, verdict])).toEqual([
    ['node', 'pass'],
    ['settings', 'pass'],
    ['api.listen', 'pass'],
    ['other programs', 'warn'],
    ['api calls', 'pass'],
    ['senders', 'fail'],
    ['streams', 'pass'],
  ]);
  expect(findings[2]?.says).toContain(api.endpoint.replace('http://', ''));
});

it('looks at what settings name beside it', async () => {
  const named = { ...env, POSTHASTE_ENDPOINT: api.endpoint, POSTHASTE_SENDER_ADMIN: '127.0.0.1:1', POSTHASTE_NATS_URL: 'nats://127.0.0.1:1' };
  const findings = await examine(nowhere, named);
  expect(findings.flatMap(({ check, verdict }) => (verdict === 'fail' ? [check] : []))).toEqual(['nats', 'sender', 'senders']);
});
