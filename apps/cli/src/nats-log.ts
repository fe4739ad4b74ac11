const levels: ReadonlyMap<string, string> = new Map([
  ['TRC', 'debug'],
  ['DBG', 'debug'],
  ['INF', 'debug'],
  ['WRN', 'warn'],
  ['ERR', 'error'],
  ['FTL', 'error'],
]);

/**
 * nats-server's own line, `[pid] date time [INF] text`, as a line of our log. Its information is of interest only to those who look for it, hence debug; what
 * has another form comes from a server that fails to start.
 */
export function readNatsLine(line: string): { readonly level: string; readonly text: string } {
  const [, level = '', text = ''] = /^\[\d+\] \S+ \S+ \[([A-Z]{3})\] ?(.*)$/.exec(line) ?? [];
  return { level: levels.get(level) ?? 'error', text: levels.has(level) ? text : line };
}
