import type { IncomingMessage } from 'node:http';
import { isForeign, isOwnHost } from '@posthaste/protocol/browser';
import type { Refusal } from './reply.ts';

/** Whoever the browser of this machine's user visits could reach the inbox through it. */
export function findIntrusion(request: IncomingMessage, allowedHosts: readonly string[]): Refusal | undefined {
  const { host } = request.headers;
  if (host !== undefined && !isOwnHost(URL.parse(`http://${host}`)?.hostname ?? '', allowedHosts)) {
    return {
      message: `the inbox is not known as ${host}`,
      hint: 'use an IP address, localhost or a name without dots, or name this one in the setting inbox.hosts',
    };
  }
  const changes = request.method !== 'GET' && request.method !== 'HEAD';
  if (!changes || !isForeign(request.headers)) return undefined;
  return { message: 'another site may not change the inbox', hint: 'send the request from the page of the inbox, or without Origin' };
}
