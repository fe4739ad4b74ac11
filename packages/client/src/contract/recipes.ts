import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const folder = join(import.meta.dirname, '../../recipes');
const run = promisify(execFile);

/** Debian's, whose packages the recipe uses. */
const python = '/usr/bin/python3';

/** What the Python recipe lacks on this machine; undefined when it can run. */
export function pythonLacks(): string | undefined {
  const has = (command: string, ...args: string[]) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
  if (!has(python, '-c', 'import grpc, google.protobuf')) return 'python3-grpcio and python3-protobuf';
  if (!has('protoc', '--version')) return 'protobuf-compiler';
  if (!has('sh', '-c', 'command -v grpc_python_plugin')) return 'protobuf-compiler-grpc';
  return undefined;
}

/** What a recipe prints: the id, and a line for each state. */
export async function runGrpcJsRecipe(address: string, from: string, to: string): Promise<string[]> {
  return linesOf(await run(process.execPath, [join(folder, 'grpc-js/send.mjs'), address, from, to]));
}

/** The same; the code is generated into `generated`. */
export async function runPythonRecipe(generated: string, address: string, from: string, to: string): Promise<string[]> {
  await run(join(folder, 'python/generate.sh'), [generated]);
  return linesOf(
    await run(python, [join(folder, 'python/send.py'), address, from, to], { env: { POSTHASTE_PROTO: generated, PYTHONDONTWRITEBYTECODE: '1' } }),
  );
}

function linesOf({ stdout }: { readonly stdout: string }): string[] {
  return stdout.trimEnd().split('\n');
}
