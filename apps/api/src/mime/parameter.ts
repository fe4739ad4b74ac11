import { withoutControls } from './encoded-word.ts';

/** Some readers stumble over the apostrophe, which a token may hold. */
const token = /^[!#$&+\-.0-9A-Z^_`a-z{|}~]+$/;
/** Between quotes without an escape, which not every reader undoes, and without what some take for an encoded word. */
const quotable = /^(?!.*=\?)[!#-[\]-~]+(?: [!#-[\]-~]+)*$/;
/** What is longer is divided into sections (RFC 2231, 3). */
const longestPlain = 60;
const longestSection = 72;

/** A value and its parameters (RFC 2045, 5.1) as tokens of a field; what is not plain ASCII goes as RFC 2231 asks. */
export function parameterTokens(value: string, parameters: Iterable<readonly [name: string, value: string]>): string[] {
  const words = [value, ...Array.from(parameters, ([name, text]) => parameterWords(name, text)).flat()];
  return words.map((word, index) => ` ${word}${index < words.length - 1 ? ';' : ''}`);
}

function parameterWords(name: string, value: string): string[] {
  if (value.length <= longestPlain && token.test(value)) return [`${name}=${value}`];
  if (value.length <= longestPlain && quotable.test(value)) return [`${name}="${value}"`];
  const symbols = Array.from(withoutControls(value).toWellFormed(), percentEncoded);
  const whole = `${name}*=UTF-8''${symbols.join('')}`;
  return whole.length <= longestSection ? [whole] : sections(name, symbols);
}

function sections(name: string, symbols: readonly string[]): string[] {
  const words: string[] = [];
  let word = `${name}*0*=UTF-8''`;
  for (const symbol of symbols) {
    if (word.length + symbol.length > longestSection) {
      words.push(word);
      word = `${name}*${words.length}*=`;
    }
    word += symbol;
  }
  return [...words, word];
}

/** An attribute-char of RFC 2231, 7, stands for itself. */
function percentEncoded(symbol: string): string {
  return encodeURIComponent(symbol).replaceAll(/[*'()]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
