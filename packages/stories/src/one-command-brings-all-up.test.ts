import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { compiledFolder, eventually, freePort } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';

/** Fewer than the inbox keeps. */
const mails = 450;
/** What `up` listens on, counted from its port base, and two senders' admin ports. */
const portsOfAll = 14;

it('brings the whole product up by one command, hires a sender while mail waits, drains it afterwards, and stops in order', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthaste-up-story-'));
  const base = await freePortsInARow(portsOfAll);
  const up = startUp(folder, base);
  try {
    await up.says(/Posthaste is ready/);
    const load = new Load({ mails: storyMails(mails), sessions: 10, client: () => smtpClient(base) });
    await load.done;
    await up.says(/ sender-2 +info +delivering /);
    await eventually(async () => (await caught(base)) === mails, { timeoutMs: 60_000, describe: `the inbox has caught ${mails} mails` });
    await up.says(/sender-2 stopped \(exit code 0\)/);
    up.process.kill('SIGTERM');
    expect(await once(up.process, 'exit')).toEqual([0, null]);
    expect(up.stopped()).toEqual(['sender-2', 'relay', 'sender', 'scheduler', 'api', 'inbox', 'nats']);
  } finally {
    await up.end();
    rmSync(folder, { recursive: true, force: true });
  }
});

interface Up {
  readonly process: ChildProcess;
  says(words: RegExp): Promise<void>;
  /** Which programs have ended in good order, the first to end first. */
  stopped(): readonly string[];
  /** Stops it if it still runs. */
  end(): Promise<void>;
}

/** The real command with all its programs. Its inbox is slow, so that one sender cannot keep up. */
function startUp(folder: string, base: number): Up {
  const script = join(folder, 'slow.json');
  writeFileSync(script, JSON.stringify({ rules: [{ at: 'rcpt', recipient: '*', delayMs: 300 }] }));
  const main = resolve(import.meta.dirname, '../../../apps/cli/src/main.ts');
  const pace = ['--senders', '1..2', '--up.growAfter', '1s', '--up.shrinkAfter', '3s'];
  const child = spawn(process.execPath, [main, 'up', '--data-dir', join(folder, 'data'), '--port-base', String(base), ...pace], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: compiledFolder, POSTHASTE_INBOX_SCRIPT: script, POSTHASTE_LANES_TARGETS: 'normal=2s' },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  return {
    process: child,
    says: async (words) => {
      await eventually(() => output.search(words) >= 0, {
        timeoutMs: 60_000,
        describe: `it says ${words.source}; as it said so far: ${output.slice(-3_000)}`,
      });
    },
    stopped: () => [...output.matchAll(/([\w-]+) stopped \(exit code 0\)/g)].map(([, name = '']) => name),
    end: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function caught(base: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${base + 3}/api/v2/messages?limit=1`);
  return ((await answer.json()) as { readonly total: number }).total;
}

async function freePortsInARow(count: number): Promise<number> {
  for (let first = await freePort(), last = first, found = 1; ;) {
    if (found === count) return first;
    const port = await freePort();
    [first, found] = port === last + 1 ? [first, found + 1] : [port, 1];
    last = port;
  }
}
