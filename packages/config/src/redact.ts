export const hidden = '***';

/**
 * A URL without its password. Credentials without a colon are hidden as a whole, because NATS writes a token there.
 * Takes everything up to the last `@`, so that a password with a `/` or `@` in it, which no URL parser accepts, does not leak in an error.
 */
export function redactUrl(text: string): string {
  return text.replace(/:\/\/([^:@\s]*)(:?)\S*@/, (_all, user: string, colon: string) => `://${colon ? `${user}:` : ''}${hidden}@`);
}

/** A value as an error may quote it, whatever its type. */
export function quoteInput(input: unknown): string {
  const text = typeof input === 'string' ? input : (JSON.stringify(input) ?? String(input));
  const shown = text
    .split(/(?<=,)/)
    .map(redactUrl)
    .join('');
  return `'${shown.length > 120 ? `${shown.slice(0, 117)}...` : shown}'`;
}
