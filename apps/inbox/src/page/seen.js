/** Which mails this tab has opened. */

const key = 'seen';
/** @type {Set<string>} */
const seen = new Set(JSON.parse(sessionStorage.getItem(key) ?? '[]'));
const most = 2000;

/** @param {string} id */
export function isSeen(id) {
  return seen.has(id);
}

/** @param {string} id */
export function markSeen(id) {
  seen.add(id);
  sessionStorage.setItem(key, JSON.stringify([...seen].slice(-most)));
}
