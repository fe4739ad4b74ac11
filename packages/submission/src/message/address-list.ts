/**
 * The addresses of an address list (RFC 5322, 3.4), in order: display names, comments, group names and source routes fall away. A word without a domain
 * stays as it is: whoever asks knows which domain is meant. What is no address at all comes out as it was written, for its reader to refuse.
 */
export function readAddressList(list: string): string[] {
  const reader: Reader = { found: [], bare: '', angled: undefined, at: 0 };
  while (reader.at < list.length) readNext(reader, list);
  endAddress(reader);
  return reader.found;
}

interface Reader {
  readonly found: string[];
  /** Outside of angle brackets: a bare address, or a display name. */
  bare: string;
  /** Between angle brackets. */
  angled: string | undefined;
  at: number;
}

function readNext(reader: Reader, list: string): void {
  const char = list[reader.at] ?? '';
  switch (char) {
    case '(':
      reader.at = endOfComment(list, reader.at);
      return;
    case '"':
      return keep(reader, list, endOfQuoted(list, reader.at));
    case '[':
      return keep(reader, list, endOf(list, reader.at, ']'));
    case '<': {
      const end = endOfAngled(list, reader.at);
      reader.angled = list.slice(reader.at + 1, list[end - 1] === '>' ? end - 1 : end);
      reader.at = end;
      return;
    }
    case ',':
    case ';':
      endAddress(reader);
      break;
    case ':':
      // A group's name ends here; its members follow.
      reader.bare = '';
      break;
    default:
      reader.bare += char;
  }
  reader.at += 1;
}

function keep(reader: Reader, list: string, end: number): void {
  reader.bare += list.slice(reader.at, end);
  reader.at = end;
}

function endAddress(reader: Reader): void {
  // `<@relay.example:user@example.net>`: the route means nothing any more (RFC 5321, appendix C).
  const address = (reader.angled?.replace(/^\s*@[^:]*:/, '') ?? reader.bare).trim();
  if (address !== '') reader.found.push(address);
  [reader.bare, reader.angled] = ['', undefined];
}

function endOf(list: string, from: number, closing: string): number {
  const end = list.indexOf(closing, from);
  return end < 0 ? list.length : end + 1;
}

/** A backslash takes the next character along. */
function endOfQuoted(list: string, from: number): number {
  let at = from + 1;
  while (at < list.length && list[at] !== '"') at += list[at] === '\\' ? 2 : 1;
  return Math.min(at + 1, list.length);
}

/** Comments nest. */
function endOfComment(list: string, from: number): number {
  let depth = 0;
  let at = from;
  do {
    if (list[at] === '\\') at += 1;
    else if (list[at] === '(') depth += 1;
    else if (list[at] === ')') depth -= 1;
    at += 1;
  } while (depth > 0 && at < list.length);
  return at;
}

function endOfAngled(list: string, from: number): number {
  let at = from + 1;
  while (at < list.length && list[at] !== '>') at = list[at] === '"' ? endOfQuoted(list, at) : at + 1;
  return Math.min(at + 1, list.length);
}
