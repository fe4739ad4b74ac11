/** Matches a path; the variables' values, decoded, or undefined. */
export type PathMatcher = (path: string) => Readonly<Record<string, string>> | undefined;

/** A path of google.api.http as far as our contract uses it: literals and `{field}`, each one segment. */
export function compilePath(template: string): PathMatcher {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const literals = template.split(/\{\w+\}/).map((literal) => literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const pattern = new RegExp(`^${literals.join('([^/:]+)')}$`);
  return (path) => {
    const match = pattern.exec(path);
    return match ? Object.fromEntries(names.map((name, index) => [name, decode(match[index + 1] ?? '')])) : undefined;
  };
}

/** Fills `{field}` from a message in JSON; only text can stand in a path. */
export function fillPath(template: string, fields: Readonly<Record<string, unknown>>): string {
  const text = (value: unknown) => (typeof value === 'string' ? encodeURIComponent(value) : '');
  return template.replace(/\{(\w+)\}/g, (_, name: string) => text(fields[name]));
}

/** A broken escape stays as it is: the field's own rules refuse it. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
