import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseScript, ScriptError, scriptHint, type Script, type Sink } from '@posthaste/sink';
import { answerJson, refuse } from './reply.ts';

const maxScriptBytes = 1024 * 1024;

/** PUT /chaos: the body is a script, in force at once when it is valid; else nothing changes. */
export async function answerChaos(sink: Sink, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const text = await readText(request);
  if (text === undefined)
    return refuse(response, 413, { message: 'the script is over 1 MiB', hint: 'send fewer rules; patterns with * fit many addresses' });
  try {
    sink.setScript(readScript(text));
    answerJson(response, 200, sink.script());
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    refuse(response, 400, { message: 'the script is not valid and the one before stays in force', faults: error.faults, hint: scriptHint });
  }
}

/** The script that a file holds; an error names the file and all that is wrong with it. */
export async function loadScript(path: string): Promise<Script> {
  try {
    return readScript(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new Error(`inbox.script: cannot use ${path}. ${cause instanceof ScriptError ? scriptHint : ''}`.trim(), { cause });
  }
}

function readScript(text: string): Script {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ScriptError([`script is not JSON: ${error instanceof Error ? error.message : String(error)}`]);
  }
  return parseScript(value);
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
