import { encodedWords, needsEncoding, withoutControls } from './encoded-word.ts';
import { longestToken } from './header-field.ts';

/** Unstructured text (RFC 5322, 2.2.1) as tokens of a field; white space around it is dropped. */
export function textTokens(name: string, text: string): string[] {
  const value = withoutControls(text).replaceAll(/^[ \t]+|[ \t]+$/g, '');
  if (value === '') return [];
  const words = needsEncoding(value) ? undefined : dividedAtSpaces(value);
  return (words ?? encodedWords(value, 74 - name.length)).map((word) => ` ${word}`);
}

/** Only at single spaces: many readers make one of whatever white space stands at a fold. Undefined when a piece is too long for a line. */
function dividedAtSpaces(text: string): string[] | undefined {
  const words = text.split(/(?<=[^ \t]) (?=[^ \t])/);
  return words.every((word) => word.length <= longestToken) ? words : undefined;
}
