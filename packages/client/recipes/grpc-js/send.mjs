/**
 * Sends one mail by @grpc/grpc-js from the .proto files alone, and prints its id and how it ended.
 *
 *     node send.mjs 127.0.0.1:8081 shop@example.org ann@example.net
 *
 * Both ports of Posthaste answer gRPC; the one for gRPC alone (8081) does it with the least work.
 */
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const [address = '127.0.0.1:8081', from = 'shop@example.org', to = 'ann@example.net'] = process.argv.slice(2);

const repository = join(import.meta.dirname, '../../../..');
const protocol = join(repository, 'packages/protocol');
/** The contract, and what it imports: buf/validate, google/api, google/rpc. */
const includeDirs = [
  join(repository, 'proto'),
  join(protocol, 'third-party'),
  dirname(createRequire(join(protocol, 'package.json')).resolve('google-proto-files/package.json')),
];
const definition = loadSync(['posthaste/v1/submission.proto', 'posthaste/v1/status.proto'], {
  includeDirs,
  keepCase: true,
  enums: String,
  longs: Number,
  defaults: true,
});
const { SubmissionService, StatusService } = loadPackageDefinition(definition).posthaste.v1;
const submission = new SubmissionService(address, credentials.createInsecure());
const status = new StatusService(address, credentials.createInsecure());

/** One key for the mail, whatever becomes of the call: a repetition never makes a second mail. Brief: only the repetitions below need it. */
const mail = { from, to: [to], subject: 'Hello', text: 'By gRPC, from Node.\n', lane: 'LANE_HIGH', idempotency_key: randomUUID(), brief_key: true };

/** UNAVAILABLE, RESOURCE_EXHAUSTED and ABORTED pass; anything else is an answer. */
const passing = new Set([14, 8, 10]);

async function submit(attempts = 5, waitMs = 200) {
  const { promise, resolve, reject } = Promise.withResolvers();
  submission.Submit(mail, { deadline: Date.now() + 30_000 }, (error, answer) => (error ? reject(error) : resolve(answer)));
  try {
    return await promise;
  } catch (error) {
    if (attempts <= 1 || !passing.has(error.code)) throw error;
    await new Promise((wake) => setTimeout(wake, Math.random() * waitMs));
    return submit(attempts - 1, waitMs * 2);
  }
}

const { id } = await submit();
console.log(`id ${id}`);
for await (const { message } of status.WatchMessage({ id })) console.log(message.state);
submission.close();
status.close();
