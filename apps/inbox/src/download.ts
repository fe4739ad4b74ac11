import type { ServerResponse } from 'node:http';

export interface Download {
  /** What the mail says; can hold anything. */
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** Sends a file to be saved, never to be opened in the browser: its name and type come from a stranger. */
export function sendDownload(response: ServerResponse, { name, type, bytes }: Download): void {
  response
    .writeHead(200, { 'content-type': safeType(type), 'content-disposition': `attachment; ${fileName(name)}`, 'content-length': bytes.length })
    .end(bytes);
}

const saferType = 'application/octet-stream';

function safeType(type: string): string {
  return /^[a-z]+\/[\w.+-]{1,100}$/i.test(type) ? type : saferType;
}

/** RFC 6266: plain for old clients, UTF-8 for all others. Folders, control and direction characters are dropped. */
function fileName(name: string): string {
  const plain =
    name
      .replace(/[\p{C}\p{Zl}\p{Zp}"\\/:*?<>|]/gu, '_')
      .replace(/^\.+/, '_')
      .slice(0, 150)
      .toWellFormed() || 'file';
  const ascii = plain.replace(/[^\x20-\x7e]|[%;]/g, '_');
  const encoded = encodeURIComponent(plain).replace(/['()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
  return `filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
