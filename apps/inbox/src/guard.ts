import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Refusal } from './reply.ts';

/**
 * Whoever the browser of this machine's user visits could reach the inbox through it. A name that its owner points at 127.0.0.1 (DNS rebinding) is
 * told by the Host header; a page of another origin by Origin and Sec-Fetch-Site, which a page cannot forge. Other clients send neither.
 */
export function findIntrusion(request: IncomingMessage, allowedHosts: readonly string[]): Refusal | undefined {
  const { host } = request.headers;
  if (host !== undefined && !isKnownHost(host, allowedHosts)) {
    return {
      message: `the inbox is not known as ${host}`,
      hint: 'use an IP address, localhost or a name without dots, or name this one in the setting inbox.hosts',
    };
  }
  const changes = request.method !== 'GET' && request.method !== 'HEAD';
  if (!changes || !isForeign(request)) return undefined;
  return { message: 'another site may not change the inbox', hint: 'send the request from the page of the inbox, or without Origin' };
}

/** Whether a browser sends it for a page that is not ours. */
export function isForeign({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return headers.origin !== undefined && URL.parse(headers.origin)?.host !== URL.parse(`http://${headers.host}`)?.host;
}

/** An IP address needs no name server, and a name without dots is not one that a stranger can own: neither can be rebound. */
function isKnownHost(host: string, allowedHosts: readonly string[]): boolean {
  const name = URL.parse(`http://${host}`)?.hostname;
  if (name === undefined || name === '') return false;
  if (isIP(name.replace(/^\[|\]$/g, '')) !== 0 || !name.includes('.') || name.endsWith('.localhost')) return true;
  return allowedHosts.some((allowed) => allowed.toLowerCase() === name);
}
