/** What a fetch from the machine's own Debian mirror needs of one entry of its apt sources. */
export interface DebianMirror {
  readonly uri: string;
  /** The path of a keyring, or the key itself as it stands in the entry; without it apt uses the keys it trusts in general. */
  readonly signedBy: string | undefined;
}

/** One entry of apt's sources, whichever of the two formats it came from. */
interface Entry {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  readonly signedBy: string | undefined;
}

/**
 * The Debian archives among apt sources, each once. `path` tells the format: `*.sources` is deb822, all else has one entry a line.
 * Security archives hold no unstable suite. Other vendors' archives may slip through by their address; apt then refuses their signature.
 */
export function findDebianMirrors(files: readonly { readonly path: string; readonly text: string }[]): readonly DebianMirror[] {
  const entries = files.flatMap(({ path, text }) => (path.endsWith('.sources') ? parseDeb822(text) : parseOneLine(text)));
  const mirrors = entries
    .filter(isDebianArchive)
    .flatMap((entry) => entry.uris.filter(isDebianUri).map((uri) => ({ uri, signedBy: entry.signedBy })));
  return mirrors.filter((mirror, index) => mirrors.findIndex((other) => other.uri === mirror.uri) === index);
}

function isDebianArchive(entry: Entry): boolean {
  return entry.components.includes('main') && entry.suites.some((suite) => !suite.includes('security') && !suite.endsWith('/'));
}

/** `…/debian`, or a list of mirrors as Debian's cloud images have it: `mirror+file:/etc/apt/mirrors/debian.list`. */
function isDebianUri(uri: string): boolean {
  return /\/debian(\.list)?\/?$/.test(uri);
}

/** sources.list(5), one-line style: `deb [signed-by=/path arch=amd64] uri suite component...`. */
function parseOneLine(text: string): Entry[] {
  return text.split('\n').flatMap((line) => {
    const [, options = '', uri, suite, components = ''] = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line) ?? [];
    if (uri === undefined || suite === undefined) return [];
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1];
    return [{ uris: [uri], suites: [suite], components: words(components), signedBy }];
  });
}

/** sources.list(5), deb822 style: stanzas divided by empty lines; a line that starts with a space continues the field above it. */
function parseDeb822(text: string): Entry[] {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'));
  const stanzas = lines.join('\n').split(/\n[ \t]*\n/);
  return stanzas.map(parseStanza).flatMap((fields) => {
    const isBinary = words(fields.get('types')).includes('deb');
    if (!isBinary || /^(no|false|0|off)$/i.test(fields.get('enabled') ?? '')) return [];
    const signedBy = fields.get('signed-by');
    return [{ uris: words(fields.get('uris')), suites: words(fields.get('suites')), components: words(fields.get('components')), signedBy }];
  });
}

function parseStanza(stanza: string): ReadonlyMap<string, string> {
  const fields = stanza.matchAll(/^([A-Za-z][\w-]*):[ \t]*(.*(?:\n[ \t].*)*)/gm);
  return new Map([...fields].map(([, name = '', value = '']) => [name.toLowerCase(), value.trim()]));
}

function words(text = ''): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
