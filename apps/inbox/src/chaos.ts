import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { scriptHint, type Script, type Sink } from '@posthaste/sink';
import { answerJson, refuse } from './reply.ts';
import type { Exchange, Route } from './route.ts';
import { readScript } from './script-text.ts';

const maxScriptBytes = 1024 * 1024;

/** `changed` is called when another script is in force. */
export function chaosRoutes(sink: Sink, changed: () => void): readonly Route[] {
  const methods: Route['methods'] = {
    GET: ({ response }) => answerJson(response, 200, sink.script()),
    PUT: (exchange) => putScript(sink, changed, exchange),
  };
  return [
    { path: '/api/chaos', methods },
    { path: '/chaos', methods },
  ];
}

/** The body is a script, in force at once when it is valid; else nothing changes. */
async function putScript(sink: Sink, changed: () => void, { request, response }: Exchange): Promise<void> {
  const text = await readText(request);
  if (text === undefined)
    return refuse(response, 413, { message: 'the script is over 1 MiB', hint: 'send fewer rules; patterns with * fit many addresses' });
  const read = readScript(text);
  if (read.kind === 'faulty') {
    return refuse(response, 400, { message: 'the script is not valid and the one before stays in force', faults: read.faults, hint: scriptHint });
  }
  sink.setScript(read.script);
  changed();
  answerJson(response, 200, sink.script());
}

/** The script that a file holds; an error names the file and all that is wrong with it. */
export async function loadScript(path: string): Promise<Script> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Error(`inbox.script: cannot read ${path}`, { cause });
  });
  const read = readScript(text);
  if (read.kind === 'script') return read.script;
  const faults = read.faults.map(({ line, sentence }) => `line ${line}: ${sentence}`);
  throw new Error(`inbox.script: cannot use ${path}: ${faults.join('; ')}. ${scriptHint}`);
}

async function readText(request: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes <= maxScriptBytes) pieces.push(piece);
  }
  return bytes > maxScriptBytes ? undefined : Buffer.concat(pieces).toString('utf8');
}
