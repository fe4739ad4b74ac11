import { multipart, textEntity, fileEntity, type Entity, type File } from './entity.ts';

export interface Contents {
  /** Empty: none. */
  readonly text: string;
  /** Empty: none. */
  readonly html: string;
  readonly files: readonly File[];
}

/**
 * Everything below the message's header. Files with a Content-ID go beside the HTML that shows them, all others behind the texts:
 * mixed(alternative(text, related(html, pictures)), files), and of these only as much as there is to hold.
 */
export function messageBody({ text, html, files }: Contents, boundaries: () => string): Entity {
  const shown = html === '' ? [] : files.filter(({ contentId }) => contentId !== '');
  const behind = files.filter((file) => !shown.includes(file));
  const rich = html === '' ? [] : [related(textEntity('text/html', html), shown, boundaries)];
  const plain = text === '' && (html !== '' || files.length > 0) ? [] : [textEntity('text/plain', text)];
  const texts = [...plain, ...rich];
  const readable = texts.length < 2 ? texts : [multipart(multi('alternative'), boundaries(), texts)];
  if (behind.length === 0 && readable[0]) return readable[0];
  return multipart(multi('mixed'), boundaries(), [...readable, ...behind.map(fileEntity)]);
}

/** RFC 2387: `type` is that of the root, which comes first. */
function related(html: Entity, shown: readonly File[], boundaries: () => string): Entity {
  if (shown.length === 0) return html;
  return multipart({ ...multi('related'), parameters: [['type', 'text/html']] }, boundaries(), [html, ...shown.map(fileEntity)]);
}

function multi(subtype: string) {
  return { name: `multipart/${subtype}`, parameters: [] };
}
