/**
 * A program for tests of the supervisor: answers 200 on FAKE_PORT, tells in its log what happens to it, ends on SIGTERM and with its parent.
 * FAKE_MODE=fail ends at once with code 3; FAKE_MODE=stubborn ignores SIGTERM.
 */
import { createServer } from 'node:http';
import { exitWithParent } from '@posthaste/telemetry';

const mode = process.env['FAKE_MODE'];
const tell = (msg: string) => process.stdout.write(`${JSON.stringify({ level: 'info', msg, pid: process.pid })}\n`);

if (mode === 'fail') {
  tell('fails');
  process.exit(3);
}
const server = createServer((_request, response) => response.end('ready\n'));
server.listen(Number(process.env['FAKE_PORT']), '127.0.0.1', () => tell('listens'));
process.on('SIGTERM', () => {
  tell('told to stop');
  if (mode !== 'stubborn') process.exit(0);
});
exitWithParent(process.env['POSTHASTE_PARENT_FD'], () => process.exit(0));
