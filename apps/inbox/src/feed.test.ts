import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { eventually, ManualClock } from '@posthaste/testkit';
import { afterEach, beforeEach, it } from 'vitest';
import { Feed } from './feed.ts';

let clock: ManualClock;
let feed: Feed;
let server: Server;
let reader: Socket;

beforeEach(async () => {
  clock = new ManualClock();
  feed = new Feed(clock);
  server = createServer((request, response) => void feed.serve(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  reader = connect((server.address() as AddressInfo).port, '127.0.0.1');
  reader.write('GET / HTTP/1.1\r\nHost: inbox\r\n\r\n');
  await eventually(() => feed.readers === 1);
});

afterEach(() => {
  reader.destroy();
  server.close();
  server.closeAllConnections();
});

it('shows that it is there while nothing happens', async () => {
  let text = '';
  reader.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  for (const beats of [1, 2]) {
    await clock.advance(20_000);
    await eventually(() => text.split(': still here\n\n').length === beats + 1);
  }
});

it('cuts off a reader that does not read', async () => {
  reader.pause();
  for (let count = 0; count < 100 && feed.readers > 0; count += 1) {
    feed.send('x'.repeat(1024 * 1024));
    await new Promise(setImmediate);
  }
  await eventually(() => feed.readers === 0);
});

it('forgets a reader that leaves', async () => {
  reader.destroy();
  await eventually(() => feed.readers === 0);
});
