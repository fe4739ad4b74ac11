import { base64Size } from './base64-lines.ts';
import { headerField } from './header-field.ts';
import { anyFile, type MediaType } from './media-type.ts';
import { parameterTokens } from './parameter.ts';
import { asLines, encodeText } from './text-body.ts';

/** A file that lies elsewhere and is fetched when its turn comes. */
export interface StoredFile {
  readonly length: number;
  read(): AsyncIterable<Uint8Array>;
}

export type Content = Uint8Array | StoredFile;

/** Bytes of the message; or a file that becomes base64, so long, when its turn comes. */
export type Piece = Uint8Array | { readonly length: number; readonly content: Content };

/** Header fields and a body (RFC 2045, 2.4). */
export interface Entity {
  readonly fields: string;
  readonly body: readonly Piece[];
}

export interface File {
  readonly filename: string;
  readonly type: MediaType;
  /** Empty: none. */
  readonly contentId: string;
  readonly disposition: 'inline' | 'attachment';
  readonly content: Content;
}

export function textEntity(type: 'text/plain' | 'text/html', text: string): Entity {
  const { encoding, bytes } = encodeText(text);
  return { fields: contentType({ name: type, parameters: [['charset', 'utf-8']] }) + transferEncoding(encoding), body: [bytes] };
}

/** A file keeps its bytes: base64, whatever it holds. */
export function fileEntity(file: File): Entity {
  const lines = isComposite(file.type) ? linesOf(file) : undefined;
  if (lines) return { fields: contentType(file.type) + transferEncoding('7bit') + fileFields(file), body: [lines] };
  const type = isComposite(file.type) ? anyFile : file.type;
  const body = [{ length: base64Size(file.content.length), content: file.content }];
  return { fields: contentType(type) + transferEncoding('base64') + fileFields(file), body };
}

/** A mail within a mail may not be encoded (RFC 2046, 5.2.1): what SMTP cannot carry as it is goes as any file. Parts are ours to make. */
function isComposite({ name }: MediaType): boolean {
  return name.startsWith('message/') || name.startsWith('multipart/');
}

function linesOf({ type, content }: File): Uint8Array | undefined {
  return type.name.startsWith('message/') && content instanceof Uint8Array ? asLines(content) : undefined;
}

function fileFields({ filename, contentId, disposition }: File): string {
  const parameters = filename === '' ? [] : ([['filename', filename]] as const);
  const id = contentId === '' ? '' : headerField('Content-ID', [` <${contentId}>`]);
  return headerField('Content-Disposition', parameterTokens(disposition, parameters)) + id;
}

/** Parts behind one another (RFC 2046, 5.1). No line of a part may begin with the boundary. */
export function multipart(type: MediaType, boundary: string, parts: readonly Entity[]): Entity {
  const body = parts.flatMap(({ fields, body: inner }, index) => [
    Buffer.from(`${index === 0 ? '' : '\r\n'}--${boundary}\r\n${fields}\r\n`),
    ...inner,
  ]);
  const parameters = [...type.parameters, ['boundary', boundary] as const];
  return { fields: contentType({ ...type, parameters }), body: [...body, Buffer.from(`\r\n--${boundary}--\r\n`)] };
}

function contentType({ name, parameters }: MediaType): string {
  return headerField('Content-Type', parameterTokens(name, parameters));
}

function transferEncoding(encoding: string): string {
  return headerField('Content-Transfer-Encoding', [` ${encoding}`]);
}
