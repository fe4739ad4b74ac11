import { defineCommand } from '../command/command.ts';
import { exitCode } from '../exit-code.ts';
import { versions } from '../version.ts';

export const version = defineCommand({
  summary: 'versions of posthaste, node and nats-server',
  options: {},
  examples: [{ line: 'posthaste version', says: 'also whether a nats-server is there already; fetches none' }],
  async run({ env, print }) {
    print(await versions(env));
    return exitCode.ok;
  },
});
