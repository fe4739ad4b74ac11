import { deleteMail, downloadPath, fetchMail, Refused } from './backend.js';
import { element, standing } from './element.js';
import { count, formatMoment, formatSize } from './format.js';
import { attachmentsPane, headersPane, htmlPane, sourcePane, textPane } from './panes.js';
import { markSeen } from './seen.js';
import { tabbed } from './tabs.js';

/** @import { MailView } from '../shapes.ts' */

const pane = standing('view', HTMLElement);

/** What is shown, or is on its way: an answer that comes late for another mail is dropped. */
let shown = '';

/**
 * @param {string} id
 * @param {(id: string) => void} onDelete called before the mail goes
 */
export async function showMail(id, onDelete) {
  if (shown === id) return;
  shown = id;
  markSeen(id);
  try {
    const view = await fetchMail(id);
    if (shown !== id) return;
    pane.replaceChildren(heading(view, onDelete), ...faultOf(view), ...tabbed(tabsOf(view)));
    pane.scrollTop = 0;
  } catch (error) {
    if (shown !== id) return;
    const gone = error instanceof Refused && error.status === 404;
    shown = '';
    showNote(gone ? 'This mail is gone' : 'The inbox does not answer', gone ? 'It was deleted, or newer ones took its place.' : String(error));
  }
}

/**
 * @param {string} title
 * @param {string} text
 */
export function showNote(title, text) {
  shown = '';
  pane.replaceChildren(element('div', { className: 'note' }, element('h2', {}, title), element('p', {}, text)));
}

/** @param {...Node} content */
export function showElsewhere(...content) {
  shown = '';
  pane.replaceChildren(...content);
}

/** The mail that `d` deletes. */
export function shownMail() {
  return shown;
}

/**
 * @param {MailView} view
 * @param {(id: string) => void} onDelete
 */
function heading({ summary, envelope }, onDelete) {
  const remove = element('button', { type: 'button', title: 'Delete (d)', textContent: 'Delete', onclick: () => removeMail(summary.id, onDelete) });
  const facts = [
    formatMoment(summary.receivedAt),
    formatSize(summary.bytes),
    ...(envelope.secured ? ['TLS'] : []),
    ...(envelope.replyLost ? ['final reply lost by script'] : []),
  ];
  return element(
    'header',
    { className: 'heading' },
    element('h2', {}, summary.subject === '' ? 'no subject' : summary.subject),
    element('div', { className: 'actions' }, element('a', { className: 'button', href: downloadPath(summary.id), download: '' }, 'Download'), remove),
    element('dl', {}, ...fact('From', summary.from === '' ? 'null sender' : summary.from), ...fact('To', summary.to.join(', '))),
    element('p', { className: 'facts' }, facts.join(' · ')),
  );
}

/**
 * @param {string} id
 * @param {(id: string) => void} onDelete
 */
export async function removeMail(id, onDelete) {
  onDelete(id);
  await deleteMail(id);
}

/**
 * @param {string} name
 * @param {string} value
 */
function fact(name, value) {
  return [element('dt', {}, name), element('dd', {}, value)];
}

/** @param {MailView} view */
function faultOf({ fault }) {
  return fault === '' ? [] : [element('p', { className: 'notice' }, `Only envelope and source can be shown: ${fault}.`)];
}

/**
 * @param {MailView} view
 * @returns {readonly import('./tabs.js').Tab[]}
 */
function tabsOf(view) {
  const files = view.attachments.length;
  return [
    { name: 'html', label: 'HTML', empty: !view.hasHtml, pane: () => htmlPane(view) },
    { name: 'text', label: 'Text', empty: view.text === '', pane: () => textPane(view) },
    { name: 'headers', label: 'Headers', empty: false, pane: () => headersPane(view) },
    { name: 'source', label: 'Source', empty: false, pane: () => sourcePane(view) },
    { name: 'attachments', label: files === 0 ? 'Attachments' : count(files, 'attachment'), empty: files === 0, pane: () => attachmentsPane(view) },
  ];
}
