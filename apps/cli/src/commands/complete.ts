import type { MessageStatus } from '@posthaste/client';
import { defineCommand } from '../command/command.ts';
import { endpointOf } from '../command/option-sets.ts';
import { type Candidate, candidates, type LiveWords } from '../completion/candidates.ts';
import { exitCode } from '../exit-code.ts';

/** A person waits with the finger on Tab. */
const patienceMs = 1_000;
const most = 20;

export const complete = defineCommand({
  summary: 'what may follow, for the scripts of posthaste completion: a candidate a line, a tab, what it is',
  grammar: 'own',
  operands: [{ name: 'word', how: 'any', doc: 'All words after posthaste, the last one unfinished.' }],
  options: {},
  examples: [{ line: 'posthaste complete -- li', says: 'prints list' }],
  async run({ argv, env, print }) {
    const words = argv[0] === '--' ? argv.slice(1) : argv;
    const live: LiveWords = (kind) => {
      if (kind === 'commands') return candidates([''], live);
      return kind === 'message ids' ? recentMails(env) : suspensions(env);
    };
    for (const { word, says } of await candidates(words, live)) print(`${word}\t${says}`);
    return exitCode.ok;
  },
});

/** The newest mails; none when the api is away: a completion never complains. */
async function recentMails(env: Readonly<Record<string, string | undefined>>): Promise<readonly Candidate[]> {
  try {
    const { askApi } = await import('../api.ts');
    const page = await askApi(endpointOf(undefined, env), 1, (client) => client.listPage({ pageSize: most }, { timeoutMs: patienceMs }));
    return page.messages.map(describe);
  } catch {
    return [];
  }
}

async function suspensions(env: Readonly<Record<string, string | undefined>>): Promise<readonly Candidate[]> {
  try {
    const [{ askApi }, { describeMatch }] = await Promise.all([import('../api.ts'), import('../operator/suspension-table.ts')]);
    const found = await askApi(endpointOf(undefined, env), 1, ({ operator }) => operator.suspensions({ timeoutMs: patienceMs }));
    return found.map(({ id, match }) => ({ word: id, says: describeMatch(match) }));
  } catch {
    return [];
  }
}

function describe({ id, state, recipients: [first] }: MessageStatus): Candidate {
  return { word: id, says: `${state.replaceAll('_', ' ')}, to ${first?.address ?? 'nobody'}` };
}
