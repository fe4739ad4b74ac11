import type { Readable } from 'node:stream';

const loneDot = /(^|\n)\.\r?\n/;
const loneDotAtEnd = /(^|\n)\.\r?$/;

/** All of it; or, when a lone dot ends the message, all up to that line, so that a person at a terminal can end it. */
export async function readInput(input: Readable, dotEnds: boolean): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let tail = '\n';
  for await (const chunk of input as AsyncIterable<Buffer | string>) {
    const bytes = Buffer.from(chunk);
    const seen = tail + bytes.toString('latin1');
    chunks.push(bytes);
    if (dotEnds && loneDot.test(seen)) break;
    tail = seen.slice(-4);
  }
  const all = Buffer.concat(chunks);
  return dotEnds ? all.subarray(0, startOfDot(all)) : all;
}

/** At the end of the input the line needs no line end. */
function startOfDot(bytes: Buffer): number {
  const text = bytes.toString('latin1');
  const found = loneDot.exec(text) ?? loneDotAtEnd.exec(text);
  return found ? found.index + (found[1]?.length ?? 0) : bytes.length;
}
