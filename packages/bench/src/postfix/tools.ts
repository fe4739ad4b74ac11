import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Postfix's own load generator and sink: the least load that a mail can be made and taken with. */
export interface PostfixTools {
  readonly smtpSource: string;
  readonly smtpSink: string;
}

/** Where distributions put them, beside what PATH says. */
const usualFolders = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec/postfix', '/usr/lib/postfix/sbin', '/usr/lib/postfix'];

export function findPostfixTools(path: string | undefined): PostfixTools | undefined {
  const folders = [...(path ?? '').split(delimiter).filter((folder) => folder !== ''), ...usualFolders];
  const [smtpSource, smtpSink] = ['smtp-source', 'smtp-sink'].map((name) => folders.map((folder) => join(folder, name)).find(isExecutable));
  return smtpSource !== undefined && smtpSink !== undefined ? { smtpSource, smtpSink } : undefined;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
