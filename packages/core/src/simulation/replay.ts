/** `pnpm simulate:seed SEED [LINES]`: one run of the chaos simulation again, with what its parts said to each other. */
import { argv, exit, stdout } from 'node:process';
import { runChaos } from './chaos.ts';

const [seed, lines] = [Number(argv[2]), Number(argv[3] ?? 200)];
if (!Number.isSafeInteger(seed) || !(lines > 0)) {
  stdout.write(`seed and number of lines came as '${argv.slice(2).join(' ')}', expected whole numbers: pnpm simulate:seed 230 [200]\n`);
  exit(2);
}
const told: string[] = [];
const { history, failure } = runChaos(seed, (line) => void told.push(line));
stdout.write(`${told.slice(-lines).join('\n')}\n\n`);
stdout.write(`seed ${seed}: ${failure === null ? `nothing failed in ${history.length} steps` : `failed after step ${history.length}: ${failure}`}\n`);
exit(failure === null ? 0 : 1);
