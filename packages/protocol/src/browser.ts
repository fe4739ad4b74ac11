import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/**
 * Whether a Host header names us for sure. A name that a stranger owns can be pointed at 127.0.0.1 while his page is open (DNS rebinding), and the
 * browser then takes us for his site. An IP address needs no name server, and nobody owns a name without dots: neither can be rebound. `allowed`
 * are further names; `*` is every name.
 */
export function isOwnHost(host: string, allowed: readonly string[]): boolean {
  if (allowed.includes('*')) return true;
  const name = URL.parse(`http://${host}`)?.hostname;
  if (name === undefined || name === '') return false;
  if (isIP(name.replace(/^\[|\]$/g, '')) !== 0 || !name.includes('.') || name.endsWith('.localhost')) return true;
  return allowed.some((each) => each.toLowerCase() === name);
}

/** Whether a browser sends it for a page of another origin: told by Origin and Sec-Fetch-Site, which a page cannot forge. Other clients send neither. */
export function isForeign(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return headers.origin !== undefined && URL.parse(headers.origin)?.host !== URL.parse(`http://${headers.host}`)?.host;
}
