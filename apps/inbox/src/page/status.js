import { standing } from './element.js';
import { count, formatSize } from './format.js';

/** @import { InboxStatus } from '../shapes.ts' */

const line = standing('status', HTMLElement);
const chaosLink = standing('chaos-link', HTMLAnchorElement);
const deleteAll = standing('delete-all', HTMLButtonElement);

/** @param {InboxStatus} status */
export function showStatus(status) {
  document.title = status.mails === 0 ? 'Inbox' : `Inbox (${status.mails})`;
  document.body.classList.toggle('empty', status.mails === 0);
  line.textContent = `${count(status.mails, 'mail')} · ${formatSize(status.bytes)} · SMTP ${status.smtp}`;
  line.title = `The last ${status.maxMails} mails are kept, ${formatSize(status.maxBytes)} at most.`;
  chaosLink.textContent = chaosText(status);
  chaosLink.classList.toggle('misbehaving', !status.wellBehaved);
  deleteAll.disabled = status.mails === 0;
}

/** @param {InboxStatus} status */
function chaosText({ wellBehaved, rules }) {
  if (wellBehaved) return 'Chaos off';
  return rules === 0 ? 'Chaos: limits' : `Chaos: ${count(rules, 'rule')}`;
}

/** @param {boolean} connected */
export function showConnection(connected) {
  line.classList.toggle('cut-off', !connected);
  if (!connected) line.textContent = 'The inbox does not answer; trying again…';
}
