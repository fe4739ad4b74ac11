import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRig, type Rig } from './rig.ts';

let rig: Rig;
beforeAll(async () => void (rig = await startRig()));
afterAll(() => rig.stop());

const run = promisify(execFile);
const buf = createRequire(import.meta.url).resolve('@bufbuild/buf/bin/buf');

/** A client that nobody here wrote, and that does not have the contract. */
async function bufCurl(protocol: string, method: string, request: object, url = rig.url): Promise<Record<string, unknown>> {
  const { stdout } = await run(process.execPath, [
    buf,
    'curl',
    '--protocol',
    protocol,
    '--http2-prior-knowledge',
    '-d',
    JSON.stringify(request),
    `${url}/${method}`,
  ]);
  return JSON.parse(stdout) as Record<string, unknown>;
}

test.each(['grpc', 'grpcweb', 'connect'])('buf curl submits by %s without having the contract', async (protocol) => {
  const request = { from: 'a@example.org', to: ['b@example.net'], subject: 'hi', text: 'hello' };
  expect(await bufCurl(protocol, 'posthaste.v1.SubmissionService/Submit', request)).toMatchObject({ id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
});

test('buf curl submits by the port for gRPC alone, too', async () => {
  const request = { from: 'a@example.org', to: ['b@example.net'], subject: 'hi', text: 'hello' };
  const answer = await bufCurl('grpc', 'posthaste.v1.SubmissionService/Submit', request, `http://${rig.grpcTarget}`);
  expect(answer).toMatchObject({ id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
});

test('what was refused in a batch is shown with its details, whose types only reflection tells', async () => {
  const messages = [{ from: 'nobody', to: ['b@example.net'], text: 'hello' }];
  expect(await bufCurl('grpc', 'posthaste.v1.SubmissionService/SubmitBatch', { messages })).toMatchObject({
    results: [{ refused: { code: 3, details: expect.arrayContaining([expect.objectContaining({ reason: 'INVALID_FIELD' })]) } }],
  });
});

test('the health of the server and of each service is told', async () => {
  for (const service of ['', 'posthaste.v1.StatusService']) {
    expect(await bufCurl('grpc', 'grpc.health.v1.Health/Check', { service })).toEqual({ status: 'SERVING' });
  }
});

test('buf curl lists the services', async () => {
  const { stdout } = await run(process.execPath, [buf, 'curl', '--http2-prior-knowledge', '--list-services', rig.url]);
  expect(stdout).toContain('posthaste.v1.SubmissionService');
});
