import { ConfigError, didYouMean } from '@posthaste/config';
import { configOptions, withConfig } from '../command/config-options.ts';
import { defineCommand } from '../command/command.ts';
import { option } from '../command/option.ts';
import { outputOptions } from '../command/option-sets.ts';
import { exitCode } from '../exit-code.ts';
import { usageError } from '../failure.ts';
import { chooseUpstream, explain, readRetrySettings } from '../policy/explanation.ts';
import { describeExplanation, tableOfExplanations } from '../policy/explanation-text.ts';
import { examples, readReplyLine } from '../policy/reply-line.ts';

export const policyExplain = defineCommand({
  summary: 'when refused mail would be tried again, and by which rule',
  about: `Reads the settings that the scheduler would read here: scheduler.retryRules, scheduler.retryDelays, scheduler.retryMaxAge, upstreams, routes.
Nothing need be running. Without --reply it tells of each class of reply. A span such as 1s to 4m is full jitter.`,
  options: {
    reply: option.text({ value: 'REPLY', doc: 'What an upstream said, such as "451 4.7.1 Greylisted".' }),
    lane: option.lane({ doc: 'Default: normal.' }),
    tenant: option.text({ value: 'NAME', doc: 'Default: default.' }),
    domain: option.text({ value: 'NAME', doc: "The recipient's, such as gmail.com. Default: one without a rule." }),
    upstream: option.text({ value: 'NAME', doc: 'Default: the one that the routes pick.' }),
    ...configOptions,
    ...outputOptions,
  },
  examples: [
    { line: 'posthaste policy explain', says: 'every class' },
    { line: 'posthaste policy explain --reply "451 4.7.1 Greylisted, try again in 300 seconds"', says: 'one reply: its class, the rule, each retry' },
    { line: 'posthaste policy explain --lane immediate --domain gmail.com -o json', says: 'for some mail, as data; durations in milliseconds' },
    {
      line: "POSTHASTE_SCHEDULER_RETRY_RULES='lane:low=exponential base=1m cap=2h retries=12' posthaste policy explain --lane low",
      says: 'what a rule would do, before it is put in force',
    },
  ],
  async run({ options: { reply, lane = 'normal', tenant = 'default', domain: given = '', upstream, config, output }, env, print, paint }) {
    const { rules, router, lanes } = settingsHere(withConfig(env, config));
    if (!lanes.named(lane)) throw usageError(`--lane: came '${lane}'${didYouMean(lane, lanes.names)}, expected one of ${lanes.names.join(', ')}`);
    const mail = { lane, tenant, domain: given.slice(given.lastIndexOf('@') + 1).toLowerCase() };
    const of = { ...mail, upstream: chooseUpstream(router, upstream, mail) };
    const all = (reply === undefined ? examples : [reply]).map((line) => explain(rules, readReplyLine(line), of));
    if (output === 'json') print(JSON.stringify({ explanations: all }, undefined, 2));
    else if (output === 'jsonl') for (const each of all) print(JSON.stringify(each));
    else print(reply === undefined ? tableOfExplanations(all, paint) : all.map((each) => describeExplanation(each, paint)).join('\n'));
    return exitCode.ok;
  },
});

function settingsHere(env: Readonly<Record<string, string | undefined>>): ReturnType<typeof readRetrySettings> {
  try {
    return readRetrySettings(env);
  } catch (error) {
    throw error instanceof ConfigError ? usageError(error.message) : error;
  }
}
