import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeFlags } from '@posthaste/config';
import { findNatsServer } from '@posthaste/stream/server';
import { Ajv, type AnySchema } from 'ajv';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { envExample } from './env-example.ts';
import { programNames, repositoryFolder, serverNames } from './program.ts';

const deployFolder = join(repositoryFolder, 'deploy');
const readDeployed = (path: string) => readFileSync(join(deployFolder, path), 'utf8');
const scratch = mkdtempSync(join(tmpdir(), 'posthaste-deploy-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Variables that a file sets for our programs. */
const variablesIn = (text: string) => [...new Set(text.match(/\bPOSTHASTE_[A-Z0-9_]+/g))];

test('env.example is what the schemas say', () => {
  expect(readDeployed('env.example'), 'out of date: pnpm env-example').toBe(envExample());
});

test('every POSTHASTE variable of deploy/ is a setting', () => {
  const known = variablesIn(readDeployed('env.example'));
  for (const file of ['Dockerfile', 'compose.yaml', '.env', 'cluster.env', 'systemd/posthaste@.service'])
    for (const variable of variablesIn(readDeployed(file))) expect(known, `${file}: ${variable}`).toContain(variable);
});

test('the autoscaler of the senders follows a metric that the scheduler has, and waits as long as `posthaste up` does before it takes one away', () => {
  const { spec } = parse(readDeployed('kubernetes/senders-hpa.yaml')) as {
    readonly spec: {
      readonly metrics: readonly { readonly external: { readonly metric: { readonly name: string }; readonly target: unknown } }[];
      readonly behavior: { readonly scaleDown: { readonly stabilizationWindowSeconds: number } };
    };
  };
  const [followed] = spec.metrics;
  expect(readFileSync(join(repositoryFolder, 'apps/scheduler/src/metrics.ts'), 'utf8')).toContain(`'${followed?.external.metric.name}'`);
  expect(followed?.external.target).toEqual({ type: 'AverageValue', averageValue: '1' });
  expect(spec.behavior.scaleDown.stabilizationWindowSeconds).toBe(300);
});

describe('compose.yaml', () => {
  interface Service {
    readonly build?: { readonly target: string; readonly dockerfile: string };
    readonly volumes?: readonly string[];
    readonly ports?: readonly string[];
    readonly depends_on?: Readonly<Record<string, unknown>>;
  }
  const compose = parse(readDeployed('compose.yaml'), { merge: true }) as {
    readonly services: Readonly<Record<string, Service>>;
    readonly volumes: Readonly<Record<string, unknown>>;
  };
  const services = Object.entries(compose.services);

  test('follows the Compose specification', () => {
    const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../third-party/compose-spec.json'), 'utf8')) as AnySchema;
    const { $schema: _dialect, ...rules } = schema as Record<string, unknown>;
    const isValid = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(rules);
    expect(isValid(compose), JSON.stringify(isValid.errors, null, 1)).toBe(true);
  });

  test('builds targets that exist, mounts files that exist, and waits for services that exist', () => {
    const targets = targetsOf(readDeployed('Dockerfile'));
    for (const [name, { build, volumes = [], depends_on = {} }] of services) {
      if (build) expect(targets, name).toContain(build.target);
      for (const source of volumes.map((volume) => volume.split(':')[0] ?? ''))
        expect(source.startsWith('.') ? existsSync(join(deployFolder, source)) : source in compose.volumes, `${name}: ${source}`).toBe(true);
      for (const other of Object.keys(depends_on)) expect(Object.keys(compose.services), name).toContain(other);
    }
  });

  test('publishes on loopback only', () => {
    for (const [name, { ports = [] }] of services) for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:/);
  });
});

describe('Dockerfile', () => {
  const stages = stagesOf(readDeployed('Dockerfile'));

  test('has a target for each program', () => {
    expect(stages.map(({ name }) => name).slice(2)).toEqual(programNames);
  });

  test('runs every target as a user without rights, on the Node that this workspace runs on', () => {
    const [build, runtime, ...targets] = stages;
    expect(runtime?.text).toMatch(/^USER node$/m);
    for (const target of targets) expect(target).toMatchObject({ base: 'runtime', text: expect.not.stringContaining('USER') as string });
    const { devDependencies } = JSON.parse(readFileSync(join(repositoryFolder, 'package.json'), 'utf8')) as { devDependencies: { node: string } };
    const major = /@(\d+)\./.exec(devDependencies.node)?.[1];
    expect(readDeployed('Dockerfile')).toContain(`ARG NODE_IMAGE=node:${major}-`);
    expect(build?.base).toBe('${NODE_IMAGE}');
  });

  test('gives the servers the flags of V8 that they have under up', () => {
    const flags = nodeFlags.map((flag) => `"${flag}"`).join(', ');
    for (const name of serverNames) expect(stages.find((stage) => stage.name === name)?.text).toContain(`ENTRYPOINT ["node", ${flags}, "main.mjs"]`);
  });
});

const { binary } = await findNatsServer({ env: process.env });

describe('nats-server', () => {
  test.each(['standalone.conf', 'cluster.conf'])('takes nats/%s', (name) => {
    const { status, stderr } = spawnSync(binary, ['-t', '-c', join(deployFolder, 'nats', name)], { encoding: 'utf8', env: { NATS_NAME: 'nats-1' } });
    expect(status, stderr).toBe(0);
  });
});

describe('systemd', () => {
  test('has a NATS of its own, by the line of the README: on loopback, and stored where its unit may write', () => {
    const [, expression = ''] =
      /^ {4}sed '(.*)' deploy\/nats\/standalone\.conf > \/etc\/posthaste\/nats\.conf$/m.exec(readDeployed('README.md')) ?? [];
    const { stdout } = spawnSync('sed', [expression, join(deployFolder, 'nats/standalone.conf')], { encoding: 'utf8' });
    const path = join(scratch, 'nats.conf');
    writeFileSync(path, stdout);
    expect(spawnSync(binary, ['-t', '-c', path]).status).toBe(0);
    expect(stdout.match(/^listen: .*|^http: .*|store_dir: .*/gm)).toEqual([
      'listen: 127.0.0.1:4222',
      'http: 127.0.0.1:8222',
      'store_dir: /var/lib/posthaste-nats',
    ]);
    expect(readDeployed('systemd/posthaste-nats.service')).toContain('StateDirectory=posthaste-nats\n');
  });

  const hasVerify = spawnSync('systemd-analyze', ['--version']).status === 0;

  test.runIf(hasVerify).each(['posthaste@.service', 'posthaste-nats.service', 'posthaste.target'])('takes %s', (unit) => {
    // The programs that it starts are not installed here; any that is there will do.
    const text = readDeployed(`systemd/${unit}`).replaceAll(/^(ExecStart=)\/usr\/bin\/(node|nats-server)/gm, `$1${process.execPath}`);
    const path = join(scratch, unit);
    writeFileSync(path, text);
    const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', path], { encoding: 'utf8' });
    const ours = stderr.split('\n').filter((line) => line.includes(unit.replace('@.', '@')) || line.includes(path));
    expect(ours.join('\n')).toBe('');
  });

  test.skipIf(hasVerify)('is not checked: systemd-analyze is not on this machine (Debian package systemd)', () => {});

  test('gives the programs the flags of V8 that they have under up', () => {
    expect(readDeployed('systemd/posthaste@.service')).toContain(`ExecStart=/usr/bin/node ${nodeFlags.join(' ')} /opt/posthaste/%i.mjs`);
  });
});

interface Stage {
  readonly base: string;
  readonly name: string;
  readonly text: string;
}

function stagesOf(dockerfile: string): readonly Stage[] {
  return dockerfile
    .split(/^FROM /m)
    .slice(1)
    .map((text) => {
      const [, base = '', name = ''] = /^(\S+) AS (\S+)/.exec(text) ?? [];
      return { base, name, text };
    });
}

function targetsOf(dockerfile: string): readonly string[] {
  return stagesOf(dockerfile).map(({ name }) => name);
}
