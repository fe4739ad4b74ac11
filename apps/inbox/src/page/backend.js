/** @import { ChaosFault, InboxStatus, MailPage, MailView } from '../shapes.ts' */

/** What the inbox has refused, in its own words. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {readonly ChaosFault[]} faults
   */
  constructor(status, message, faults) {
    super(message);
    this.status = status;
    this.faults = faults;
  }
}

/**
 * @param {string} path
 * @param {RequestInit} [init]
 */
async function ask(path, init) {
  const response = await fetch(path, init);
  if (response.ok) return response;
  const { error } = await response.json();
  throw new Refused(response.status, error.message, error.faults ?? []);
}

/** @param {string} id */
function pathOf(id) {
  return `/api/mails/${encodeURIComponent(id)}`;
}

/**
 * @param {string} query
 * @param {number} limit
 * @param {AbortSignal} signal
 * @returns {Promise<MailPage>}
 */
export async function fetchMails(query, limit, signal) {
  const response = await ask(`/api/mails?${new URLSearchParams({ query, limit: String(limit) })}`, { signal });
  return response.json();
}

/**
 * @param {string} id
 * @returns {Promise<MailView>}
 */
export async function fetchMail(id) {
  return (await ask(pathOf(id))).json();
}

/** @returns {Promise<InboxStatus>} */
export async function fetchStatus() {
  return (await ask('/api/status')).json();
}

/** @param {string} id */
export async function deleteMail(id) {
  await ask(`/api/v1/messages/${encodeURIComponent(id)}`, { method: 'DELETE' });
}

export async function deleteAllMails() {
  await ask('/api/v1/messages', { method: 'DELETE' });
}

/** @returns {Promise<string>} */
export async function fetchScript() {
  return (await ask('/api/chaos')).text();
}

/**
 * @param {string} text
 * @returns {Promise<string>} the script in force
 */
export async function putScript(text) {
  return (await ask('/api/chaos', { method: 'PUT', body: text })).text();
}

/**
 * The beginning of the source, and whether there is more.
 *
 * @param {string} id
 * @param {number} maxBytes
 */
export async function fetchSource(id, maxBytes) {
  const { body } = await ask(sourcePath(id));
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (let piece = await reader?.read(); piece?.value !== undefined; piece = await reader?.read()) {
    text += piece.value;
    if (text.length <= maxBytes) continue;
    await reader?.cancel();
    return { text: text.slice(0, maxBytes), cut: true };
  }
  return { text, cut: false };
}

/** @param {string} id */
function sourcePath(id) {
  return `${pathOf(id)}/source`;
}

/** @param {string} id */
export function downloadPath(id) {
  return `/api/v1/messages/${encodeURIComponent(id)}/download`;
}

/**
 * @param {string} id
 * @param {boolean} remoteImages
 */
export function htmlPath(id, remoteImages) {
  return `${pathOf(id)}/html${remoteImages ? '?images=remote' : ''}`;
}

/**
 * @param {string} id
 * @param {number} number
 */
export function attachmentPath(id, number) {
  return `${pathOf(id)}/attachments/${number}`;
}
