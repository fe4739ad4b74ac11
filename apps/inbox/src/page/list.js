import { element, standing } from './element.js';
import { formatMoment, formatSize, formatTime } from './format.js';
import { linkTo } from './place.js';
import { isSeen } from './seen.js';

/** @import { MailPage, MailSummary } from '../shapes.ts' */

const mails = standing('mails', HTMLOListElement);

/**
 * Draws the list anew; the focus stays on the mail that had it.
 *
 * @param {MailPage} page
 * @param {string} selected
 */
export function showList(page, selected) {
  const focused = document.activeElement instanceof HTMLElement && mails.contains(document.activeElement) ? document.activeElement.id : '';
  mails.replaceChildren(...page.mails.map((mail) => row(mail, mail.id === selected)));
  if (focused !== '') document.getElementById(focused)?.focus({ preventScroll: true });
}

/**
 * Marks the open mail without drawing the others anew.
 *
 * @param {string} selected
 */
export function select(selected) {
  for (const link of mails.querySelectorAll('a')) {
    const chosen = link.id === rowId(selected);
    link.ariaCurrent = chosen ? 'true' : null;
    if (chosen) link.classList.remove('unseen');
    if (chosen) link.scrollIntoView({ block: 'nearest' });
  }
}

/**
 * @param {MailSummary} mail
 * @param {boolean} selected
 */
function row(mail, selected) {
  const link = element(
    'a',
    { id: rowId(mail.id), href: linkTo({ kind: 'mail', id: mail.id }), className: isSeen(mail.id) || selected ? '' : 'unseen' },
    element('span', { className: 'from' }, mail.from === '' ? 'null sender' : nameOf(mail.from)),
    element('time', { title: formatMoment(mail.receivedAt) }, formatTime(mail.receivedAt)),
    element('span', { className: 'subject' }, mail.subject === '' ? 'no subject' : mail.subject),
    element('span', { className: 'to' }, `to ${recipients(mail.to)}`),
    element('span', { className: 'size' }, formatSize(mail.bytes)),
  );
  if (selected) link.ariaCurrent = 'true';
  return element('li', {}, link);
}

/** @param {string} id */
function rowId(id) {
  return `mail-${id}`;
}

/** @param {string} from */
function nameOf(from) {
  return /^(.+) <[^<>]*>$/.exec(from)?.[1] ?? from;
}

/** @param {readonly string[]} to */
function recipients(to) {
  return to.length > 2 ? `${to[0]} and ${to.length - 1} more` : to.join(', ');
}
