import { attachmentPath, downloadPath, fetchSource, htmlPath } from './backend.js';
import { element } from './element.js';
import { formatSize } from './format.js';

/** @import { MailView } from '../shapes.ts' */

const maxSourceCharacters = 1024 * 1024;

/**
 * The mail's HTML in a frame that runs nothing, sends nothing and has no part in this page.
 *
 * @param {MailView} view
 */
export function htmlPane({ summary, wantsRemoteImages }) {
  const frame = element('iframe', { title: 'The mail as it is rendered', src: htmlPath(summary.id, false) });
  frame.setAttribute('sandbox', 'allow-popups allow-popups-to-escape-sandbox');
  if (!wantsRemoteImages) return element('div', { className: 'rendered' }, frame);
  const load = element('button', { type: 'button', textContent: 'Load them' });
  const notice = element('p', { className: 'notice' }, 'Pictures from elsewhere are not loaded.', load);
  load.addEventListener('click', () => {
    frame.src = htmlPath(summary.id, true);
    notice.remove();
  });
  return element('div', { className: 'rendered' }, notice, frame);
}

/** @param {MailView} view */
export function textPane({ summary, text, textCut }) {
  return element(
    'div',
    { className: 'plain' },
    element('pre', { className: 'text' }, ...withLinks(text)),
    ...(textCut ? [cutNotice(summary.id)] : []),
  );
}

/**
 * Web addresses become links.
 *
 * @param {string} text
 */
function withLinks(text) {
  return text.split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]])/).map((piece, index) => {
    const isAddress = index % 2 === 1;
    return isAddress ? element('a', { href: piece, target: '_blank', rel: 'noreferrer noopener' }, piece) : piece;
  });
}

/** @param {MailView} view */
export function headersPane({ headers, envelope }) {
  const said = [
    ['Client', `${envelope.helo}${envelope.secured ? ', over TLS' : ''}${envelope.user === '' ? '' : `, logged in as ${envelope.user}`}`],
    ['Mail from', `<${envelope.from}>`],
    ...envelope.to.map((to) => ['Recipient', `<${to}>`]),
  ];
  return element(
    'div',
    { className: 'headers' },
    table('Envelope', said),
    table(
      'Headers',
      headers.map(({ name, value }) => [name, value]),
    ),
  );
}

/**
 * @param {string} title
 * @param {readonly (readonly string[])[]} rows
 */
function table(title, rows) {
  const lines = rows.map(([name = '', value = '']) => element('tr', {}, element('th', { scope: 'row' }, name), element('td', {}, value)));
  return element('table', {}, element('caption', {}, title), element('tbody', {}, ...lines));
}

/** @param {MailView} view */
export function sourcePane({ summary }) {
  const source = element('pre', {}, 'Reading…');
  const pane = element('div', { className: 'plain' }, source);
  fetchSource(summary.id, maxSourceCharacters).then(
    ({ text, cut }) => {
      source.textContent = text;
      if (cut) pane.append(cutNotice(summary.id));
    },
    (error) => {
      source.textContent = `The source cannot be read: ${error.message}`;
    },
  );
  return pane;
}

/** @param {string} id */
function cutNotice(id) {
  return element('p', { className: 'notice' }, 'There is more.', element('a', { href: downloadPath(id), download: '' }, 'Download the whole mail'));
}

/** @param {MailView} view */
export function attachmentsPane({ summary, attachments }) {
  const files = attachments.map(({ number, name, type, bytes }) =>
    element(
      'li',
      {},
      element('a', { href: attachmentPath(summary.id, number), download: '' }, name === '' ? `without a name (${number + 1})` : name),
      element('span', {}, `${type}, ${formatSize(bytes)}`),
    ),
  );
  return element('ul', { className: 'attachments' }, ...files);
}
