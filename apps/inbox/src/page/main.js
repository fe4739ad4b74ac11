import { deleteAllMails, fetchMails, fetchStatus } from './backend.js';
import { chaosPanel } from './chaos.js';
import { confirmDeletion, showHelp } from './dialogs.js';
import { element, standing } from './element.js';
import { howToSend } from './empty.js';
import { count } from './format.js';
import { bindKeys } from './keys.js';
import { select, showList } from './list.js';
import { watchInbox } from './live.js';
import { currentPlace, goTo } from './place.js';
import { focusSearch, leaveSearch, query, watchSearch } from './search.js';
import { showConnection, showStatus } from './status.js';
import { openTab } from './tabs.js';
import { removeMail, showElsewhere, showMail, shownMail, showNote } from './view.js';

/** @import { InboxStatus, MailPage } from '../shapes.ts' */

const listNote = standing('list-note', HTMLElement);
const rowsAtOnce = 100;

let limit = rowsAtOnce;
/** @type {MailPage} */
let page = { total: 0, mails: [] };
/** @type {InboxStatus | undefined} */
let status;
let reading = new AbortController();

/** Reads list and status anew; an older reading that is still under way is given up. */
async function refresh() {
  reading.abort();
  reading = new AbortController();
  const { signal } = reading;
  try {
    const [mails, now] = await Promise.all([fetchMails(query(), limit, signal), fetchStatus()]);
    if (signal.aborted) return;
    [page, status] = [mails, now];
    draw(now);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (!signal.aborted) showConnection(false);
  }
}

function searchAnew() {
  limit = rowsAtOnce;
  void refresh();
}

/** @param {InboxStatus} now */
function draw(now) {
  showStatus(now);
  showList(page, selectedId());
  const hidden = page.total - page.mails.length;
  const nothing = page.total === 0 && query() !== '';
  listNote.replaceChildren(...(hidden > 0 ? [moreButton(hidden)] : []), ...(nothing ? [element('p', {}, 'Nothing found.')] : []));
  if (currentPlace().kind === 'list') showPlace();
}

/** @param {number} hidden */
function moreButton(hidden) {
  const onclick = () => {
    limit += rowsAtOnce * 4;
    void refresh();
  };
  return element('button', { type: 'button', textContent: `Show more of ${hidden} older ones`, onclick });
}

function selectedId() {
  const place = currentPlace();
  return place.kind === 'mail' ? place.id : '';
}

function showPlace() {
  const place = currentPlace();
  document.body.dataset['place'] = place.kind;
  standing('chaos-link', HTMLAnchorElement).ariaCurrent = place.kind === 'chaos' ? 'page' : null;
  select(selectedId());
  switch (place.kind) {
    case 'mail':
      return void showMail(place.id, leave);
    case 'chaos':
      return showElsewhere(chaosPanel());
    case 'list':
      if (status?.mails === 0) return showElsewhere(howToSend(status.smtp));
      return showNote('No mail chosen', 'Choose one from the list, or press j. ? shows the keys.');
  }
}

/**
 * Opens the neighbour of a mail that goes.
 *
 * @param {string} id
 */
function leave(id) {
  const at = page.mails.findIndex((mail) => mail.id === id);
  const neighbour = page.mails[at + 1] ?? page.mails[at - 1];
  goTo(neighbour === undefined ? { kind: 'list' } : { kind: 'mail', id: neighbour.id });
}

/** @param {1 | -1} by */
function step(by) {
  const at = page.mails.findIndex((mail) => mail.id === selectedId());
  const next = page.mails[at === -1 ? 0 : at + by];
  if (next !== undefined) goTo({ kind: 'mail', id: next.id });
}

async function deleteAll() {
  if (!(await confirmDeletion(`Delete all ${count(status?.mails ?? 0, 'mail')}?`))) return;
  await deleteAllMails();
  goTo({ kind: 'list' });
}

watchSearch(searchAnew);
standing('delete-all', HTMLButtonElement).addEventListener('click', () => void deleteAll());
standing('help-button', HTMLButtonElement).addEventListener('click', showHelp);
window.addEventListener('hashchange', showPlace);
bindKeys({
  j: () => step(1),
  k: () => step(-1),
  '/': focusSearch,
  d: () => shownMail() !== '' && void removeMail(shownMail(), leave),
  c: () => goTo({ kind: 'chaos' }),
  '?': showHelp,
  Escape: () => leaveSearch(searchAnew) || goTo({ kind: 'list' }),
  ...Object.fromEntries([1, 2, 3, 4, 5].map((number) => [String(number), () => openTab(number)])),
});
showPlace();
watchInbox(() => void refresh(), showConnection);
