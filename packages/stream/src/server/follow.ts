import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

/**
 * Hands on the lines that are appended to a file, from `offset` on. It asks for more several times a second rather than relying on change
 * events, which network and container file systems swallow. `stop` reads what is left.
 */
export function followLines(path: string, offset: number, onLine: (line: string) => void): { stop(): void } {
  const file = openSync(path, 'r');
  const decoder = new StringDecoder('utf8');
  const chunk = Buffer.alloc(16_384);
  let position = offset;
  let rest = '';
  const readOn = () => {
    for (let size = readSync(file, chunk, 0, chunk.length, position); size > 0; size = readSync(file, chunk, 0, chunk.length, position)) {
      position += size;
      const lines = (rest + decoder.write(chunk.subarray(0, size))).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    }
  };
  const timer = setInterval(readOn, 25);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
      readOn();
      closeSync(file);
    },
  };
}
