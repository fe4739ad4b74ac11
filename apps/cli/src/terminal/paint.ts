import { styleText } from 'node:util';

/** Paints, or leaves the text as it is. */
export type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;

/** Colours only where they are seen and wanted: on a terminal, and without NO_COLOR. */
export function paintFor(stream: NodeJS.WritableStream): Paint {
  return (format, text) => styleText(format, text, { stream });
}

export const plain: Paint = (_format, text) => text;
