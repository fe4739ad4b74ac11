import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/**
 * Whether a host name, as a URL has it, is ours for sure. A name that a stranger owns can be pointed at 127.0.0.1 while his page is open (DNS rebinding), and the
 * browser then takes us for his site. An IP address needs no name server, and nobody owns a name without dots: neither can be rebound. `allowed`
 * are further names; `*` is every name.
 */
export function isOwnHost(hostname: string, allowed: readonly string[]): boolean {
  if (allowed.includes('*')) return true;
  if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0 || !hostname.includes('.') || hostname.endsWith('.localhost')) return hostname !== '';
  return allowed.some((each) => each.toLowerCase() === hostname);
}

/** Whether a browser sends it to change something, for whatever page: even one whose name was rebound cannot leave Origin out. */
export function isFromPage({ origin, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  return origin !== undefined || site !== undefined;
}

/** Whether a browser sends it for a page of another origin: told by Origin and Sec-Fetch-Site, which a page cannot forge. Other clients send neither. */
export function isForeign(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return headers.origin !== undefined && URL.parse(headers.origin)?.host !== URL.parse(`http://${headers.host}`)?.host;
}
