import type { Link } from './link.ts';
import { PosthasteError } from './posthaste-error.ts';

/** Where there is no node:http2, in browsers and at the edge. */
export function openLink(): Link {
  const sentence = 'this runtime has no HTTP/2 client: give `transport`, such as createConnectTransport({ baseUrl }) of @connectrpc/connect-web';
  throw new PosthasteError(sentence, { code: 'UNAVAILABLE' });
}
