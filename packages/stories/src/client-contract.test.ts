import { createPosthasteClient } from '@posthaste/client';
import { clientContract, furtherLanes, pythonLacks, runGrpcJsRecipe, runPythonRecipe, upstreamRules } from '@posthaste/client/contract';
import { expect, it } from 'vitest';
import { play } from './play.ts';
import { System, type SystemOptions } from './system.ts';

const options: SystemOptions = {
  programs: ['api', 'scheduler', 'sender'],
  upstreams: { main: { script: { rules: upstreamRules } } },
  settings: {
    'lanes.further': Object.entries(furtherLanes)
      .map((nameAndBase) => nameAndBase.join('='))
      .join(','),
  },
};

function contractAt(port: 'api.listen' | 'api.grpc'): void {
  clientContract(`${port} of whole programs`, async () => {
    const system = await System.prepare(options);
    await system.start();
    const client = createPosthasteClient({ baseUrl: `http://127.0.0.1:${system.ports[port]}`, timeoutMs: 10_000 });
    return {
      client,
      async stop() {
        client.close();
        await system.close();
        system.removeDir();
      },
    };
  });
}

contractAt('api.listen');
contractAt('api.grpc');

it('takes mail from clients that others wrote, by the same .proto files', () =>
  play(options, async ({ ports, dir }) => {
    const [web, grpc] = [`127.0.0.1:${ports['api.listen']}`, `127.0.0.1:${ports['api.grpc']}`];
    const sent = [await runGrpcJsRecipe(web, 'a@example.org', 'b@example.net'), await runGrpcJsRecipe(grpc, 'a@example.org', 'b@example.net')];
    // Debian's packages are not everywhere.
    if (pythonLacks() === undefined) sent.push(await runPythonRecipe(`${dir}/python`, grpc, 'a@example.org', 'b@example.net'));
    for (const lines of sent) expect(lines.at(-1)).toBe('MESSAGE_STATE_DELIVERED');
  }));
