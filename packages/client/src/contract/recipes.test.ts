import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pythonLacks, runGrpcJsRecipe, runPythonRecipe } from './recipes.ts';
import { serveFake, type ServedFake } from './served-fake.ts';

let served: ServedFake;
let generated: string;

beforeAll(async () => {
  served = await serveFake();
  generated = await mkdtemp(join(tmpdir(), 'posthaste-python-'));
});

afterAll(async () => {
  await served.close();
  await rm(generated, { recursive: true });
});

/** The first try fails, so it must try again. */
async function sendTo(recipient: string, recipe: (address: string, from: string, to: string) => Promise<string[]>) {
  const { fake, address } = served;
  fake.refuse({ code: 'UNAVAILABLE', sentence: 'away for a moment' });
  const lines = await recipe(address, 'shop@example.org', recipient);
  const sent = fake.submissions().find(({ request }) => request.to[0] === recipient);
  expect([lines[0], lines.at(-1)]).toEqual([`id ${sent?.id}`, 'MESSAGE_STATE_DELIVERED']);
}

test('@grpc/grpc-js sends from the same .proto files', () => sendTo('node@example.net', runGrpcJsRecipe));

const lacks = pythonLacks();

test.skipIf(lacks !== undefined)(`python3-grpcio sends from the same .proto files${lacks ? ` (skipped: apt-get install ${lacks})` : ''}`, () =>
  sendTo('python@example.net', (...args) => runPythonRecipe(generated, ...args)),
);
