import { QueueStatsResponseSchema } from '@posthaste/protocol';
import type { PosthasteClient } from '@posthaste/client';
import { askApi, patience } from '../api.ts';
import { type Call, defineCommand } from '../command/command.ts';
import { apiOptions, endpointOf, outputOptions, refreshOptions } from '../command/option-sets.ts';
import { exitCode } from '../exit-code.ts';
import { describeStats } from '../stats-text.ts';
import { protoJson } from '../terminal/json.ts';
import { drawAgain, printPicture } from '../terminal/picture.ts';

const options = { ...refreshOptions, ...apiOptions, ...outputOptions };

export const stats = defineCommand({
  summary: 'what waits in which lane, which upstreams work, who sends',
  about: 'Counts are of recipients: now, from the scheduler; the totals since the partitions began. With several partitions also who owns which.',
  options,
  examples: [
    { line: 'posthaste stats --watch', says: 'shown again every two seconds' },
    { line: 'posthaste stats -o json', says: 'in proto3 JSON' },
  ],
  async run(call) {
    const {
      options: { endpoint, watch, every },
      env,
    } = call;
    return askApi(endpointOf(endpoint, env), patience.question, async (client) => {
      if (watch) await drawAgain(every ?? 2_000, () => printOnce(call, client));
      else await printOnce(call, client);
      return exitCode.ok;
    });
  },
});

async function printOnce(call: Call<typeof options>, client: PosthasteClient): Promise<void> {
  const {
    options: { output, watch },
    print,
    paint,
  } = call;
  const figures = await client.stats();
  if (output === 'json' || output === 'jsonl') print(protoJson(QueueStatsResponseSchema, figures.proto, output));
  else if (watch) printPicture(call, describeStats(figures, paint, new Date()));
  else print(describeStats(figures, paint, new Date()));
}
