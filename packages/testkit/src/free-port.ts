import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the range from which systems number outgoing connections (from 32,768 on Linux, from 49,152 elsewhere). In that range a client's connection
 * could take the port before its program listens, or while it is down, and a dialling client could even meet itself there.
 */
const range = { lowest: 15_000, highest: 30_000 };

/** Processes that run at once begin at places of their own. */
let next = process.pid * 50;

/** A TCP port on 127.0.0.1 that is free, for programs that must be told one; no two calls in one process get the same. Whatever can listen on port 0 itself should. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = range.lowest + (next % (range.highest - range.lowest));
    next += 1;
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
