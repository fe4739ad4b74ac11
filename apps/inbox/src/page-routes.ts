import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Exchange, Route } from './route.ts';

/** Lies beside this file, and beside the bundle that this file becomes a part of. */
const folder = join(import.meta.dirname, 'page');

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The page runs its own files and nothing else, and speaks to nobody but the inbox. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function pageRoutes(): readonly Route[] {
  const names = readdirSync(folder).filter((name) => types[extname(name)] !== undefined);
  return names.map((name) => ({ path: name === 'index.html' ? '/' : `/page/${name}`, methods: { GET: serve(name) } }));
}

function serve(name: string): (exchange: Exchange) => void {
  const bytes = readFileSync(join(folder, name));
  return ({ response }) => {
    response.setHeader('content-security-policy', policy);
    response.writeHead(200, { 'content-type': types[extname(name)], 'content-length': bytes.length, 'cache-control': 'no-cache' }).end(bytes);
  };
}
