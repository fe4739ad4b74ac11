/**
 * Calls `onChange` when something in the inbox has changed, and when the connection is back after it was lost.
 *
 * @param {() => void} onChange
 * @param {(connected: boolean) => void} onConnection
 */
export function watchInbox(onChange, onConnection) {
  const source = new EventSource('/api/changes');
  source.addEventListener('open', () => {
    onConnection(true);
    onChange();
  });
  source.addEventListener('message', onChange);
  source.addEventListener('error', () => {
    onConnection(false);
    // The browser connects again by itself, except when it was refused.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => watchInbox(onChange, onConnection), 3000);
  });
}
