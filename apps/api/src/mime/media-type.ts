import mime from 'mime';

/** What a Content-Type field says (RFC 2045, 5.1). */
export interface MediaType {
  /** In lower case, as `text/html`. */
  readonly name: string;
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

export const anyFile: MediaType = { name: 'application/octet-stream', parameters: [] };

const typeName = /[A-Za-z0-9!#$&^_.+-]+\/[A-Za-z0-9!#$&^_.+-]+/y;
/** The name without `*`: sections and encodings of RFC 2231 are written here, not read. */
const parameter = /[ \t]*;[ \t]*([!#$&+\-.0-9A-Z^_`a-z{|}~]+)=(?:([!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+)|"((?:[^"\\]|\\.)*)")/y;
const remainder = /^[ \t;]*$/;

/** Undefined when it cannot be read. */
export function readMediaType(text: string): MediaType | undefined {
  typeName.lastIndex = 0;
  const name = typeName.exec(text)?.[0];
  if (name === undefined) return undefined;
  const parameters: (readonly [string, string])[] = [];
  let end = typeName.lastIndex;
  parameter.lastIndex = end;
  for (let found = parameter.exec(text); found; found = parameter.exec(text)) {
    parameters.push([found[1]!.toLowerCase(), found[2] ?? found[3]!.replaceAll(/\\(.)/g, '$1')]);
    end = parameter.lastIndex;
  }
  return remainder.test(text.slice(end)) ? { name: name.toLowerCase(), parameters } : undefined;
}

/** What a filename's ending says. */
export function mediaTypeOf(filename: string): MediaType {
  const name = mime.getType(filename);
  return name === null ? anyFile : { name, parameters: [] };
}
