import type { SuspensionStatus } from '@posthaste/client';
import { SuspensionSchema } from '@posthaste/protocol';
import { askApi, patience } from '../api.ts';
import { type Call, defineCommand } from '../command/command.ts';
import { apiOptions, endpointOf } from '../command/option-sets.ts';
import { exitCode } from '../exit-code.ts';
import { Failure } from '../failure.ts';
import { authorOf } from '../operator/author.ts';
import { actOptions, answerOptions } from '../operator/options.ts';
import { describeMatch } from '../operator/suspension-table.ts';
import { renderAnswer } from '../terminal/answer.ts';

const options = { ...actOptions, ...apiOptions, ...answerOptions };

export const suspendLift = defineCommand({
  summary: 'end a suspension: its mail goes on in its order',
  about: 'Exit code 3: there is no such suspension; it was lifted, or has expired.',
  operands: [{ name: 'id', how: 'one', completes: 'suspension ids', doc: 'The id that suspend create printed, and suspend list shows.' }],
  options,
  examples: [
    { line: 'posthaste suspend lift 3f0c7a52-8d1e-4b6f-9a20-0123456789ab --reason "they are back"', says: 'and why' },
    { line: 'posthaste resume 3f0c7a52-8d1e-4b6f-9a20-0123456789ab', says: 'the same by its other name' },
  ],
  async run(call) {
    const {
      operands: [id = ''],
      options: { endpoint, reason = '', author, 'dry-run': dryRun },
      env,
    } = call;
    return askApi(endpointOf(endpoint, env), patience.submission, async ({ operator }) => {
      const suspension = (await operator.suspensions()).find((each) => each.id === id.toLowerCase());
      if (!suspension) throw unknown(id);
      if (!dryRun) await operator.lift(suspension.id, { comment: reason, author: authorOf(author) });
      call.print(show(call, suspension));
      return exitCode.ok;
    });
  },
});

function show({ options: { output, 'dry-run': dryRun }, quiet }: Call<typeof options>, suspension: SuspensionStatus): string {
  const { id, match, proto } = suspension;
  const text = () => (quiet ? id : `${id}  ${describeMatch(match)} ${dryRun ? 'would go' : 'goes'} on`);
  return renderAnswer(output, { schema: SuspensionSchema, proto, name: id, text });
}

function unknown(id: string): Failure {
  return new Failure(`no suspension has the id ${id}: it was lifted, or has expired`, {
    exitCode: exitCode.notFound,
    code: 'NotFound',
    reason: 'SUSPENSION_NOT_FOUND',
    hint: 'posthaste suspend list shows those in force.',
  });
}
