import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, type Script } from '@posthaste/testkit';
import { expect, it } from 'vitest';
import { Load } from './load.ts';
import { play } from './play.ts';
import { settle } from './settlement.ts';
import { smtpClient } from './smtp-client.ts';
import { storyMails } from './story-mail.ts';
import type { System } from './system.ts';

const auth = { user: 'shop', pass: 'tr0mbone/Quartz,77' };
const encoded = (text: string) => Buffer.from(text).toString('base64');
const plain = encoded(`\0${auth.user}\0${auth.pass}`);
/** A password as it is, in a URL, and as AUTH LOGIN and AUTH PLAIN carry it. */
const secretForms = [auth.pass, encodeURIComponent(auth.pass), encoded(auth.pass), plain];

/** Refuses every login, and repeats what it was sent. */
const talkative: Script = { rules: [{ at: 'auth', reply: `535 5.7.8 no such login: AUTH PLAIN ${plain} ${auth.pass}` }] };
const settings = { routes: 'domain:talkative.example=talkative,*=main', 'log.level': 'debug', 'breaker.checkEvery': '1s' };

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const holdsSecret = (bytes: Buffer | string) => secretForms.some((form) => bytes.includes(form));

async function metricsOf({ ports }: System): Promise<string> {
  const doors = [ports['scheduler.admin'], ports['sender.admin'], ports['api.admin']];
  const texts = await Promise.all(doors.map(async (port) => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()));
  return texts.join('\n');
}

function startLoad({ ports }: System, count: number, domain: string): Load {
  const mails = storyMails(count, () => ({ to: [`b@${domain}`] }), domain);
  return new Load({ mails, sessions: 2, client: () => smtpClient(ports['relay.listen']) });
}

it("keeps an upstream's password out of logs, journal, ledger and metrics, even when the upstream repeats it", () =>
  play(
    { programs: ['relay', 'api', 'scheduler', 'sender'], upstreams: { main: { auth }, talkative: { auth, script: talkative } }, settings },
    async (system) => {
      const refused = startLoad(system, 5, 'talkative.example');
      await refused.done;
      await eventually(() => system.sender.tail(100).includes('no such login: AUTH PLAIN *** ***'), {
        describe: 'the refusal is logged, without what was refused',
      });
      system.upstreamBy('talkative').setScript({});
      const { duplicates } = await settle(system, [refused, startLoad(system, 20, 'well.example')]);
      expect(duplicates).toBe(0);

      const files = filesBelow(system.dir);
      expect(files.map((file) => file.slice(file.lastIndexOf('/') + 1))).toEqual(expect.arrayContaining(['sender.log', 'ledger.sqlite', '1.blk']));
      expect(files.filter((file) => holdsSecret(readFileSync(file)))).toEqual([]);
      expect(await metricsOf(system)).toSatisfy((text: string) => text.includes('posthaste_upstream_checks_total') && !holdsSecret(text));
    },
  ));
