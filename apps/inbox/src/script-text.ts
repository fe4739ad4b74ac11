import { parseScript, ScriptError, type Script, type ScriptFault } from '@posthaste/sink';
import { LineCounter, parseDocument, type Document } from 'yaml';
import type { ChaosFault } from './shapes.ts';

export type ReadScript = { readonly kind: 'script'; readonly script: Script } | { readonly kind: 'faulty'; readonly faults: readonly ChaosFault[] };

/** Reads a script as JSON or YAML, and says of each fault in which line it is. */
export function readScript(text: string): ReadScript {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  // What follows the first error is often only its echo.
  const [broken] = document.errors;
  if (broken !== undefined) {
    return { kind: 'faulty', faults: [{ line: lineAt(lines, broken.pos[0]), sentence: `not JSON or YAML: ${broken.message}` }] };
  }
  try {
    return { kind: 'script', script: parseScript(document.toJS() ?? {}) };
  } catch (error) {
    if (error instanceof ScriptError) {
      const faults = error.faults.map((fault) => locate(fault, document, lines));
      return { kind: 'faulty', faults: faults.sort((one, other) => one.line - other.line) };
    }
    // Aliases that would grow beyond all bounds.
    return { kind: 'faulty', faults: [{ line: 1, sentence: error instanceof Error ? error.message : String(error) }] };
  }
}

/** The line of the field, or of what it should stand in. */
function locate({ path, sentence }: ScriptFault, document: Document, lines: LineCounter): ChaosFault {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const node = document.getIn(path.slice(0, depth), true) as { readonly range?: readonly number[] | null } | undefined;
    if (node?.range != null) return { line: lineAt(lines, node.range[0] ?? 0), sentence };
  }
  return { line: 1, sentence };
}

function lineAt(lines: LineCounter, offset: number): number {
  return Math.max(1, lines.linePos(offset).line);
}
