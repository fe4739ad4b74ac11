/**
 * A program for tests of the supervisor: answers 200 on FAKE_PORT, tells in its log what happens to it, ends on SIGTERM and with its parent.
 * FAKE_MODE=fail ends at once with code 3; FAKE_MODE=stubborn ignores SIGTERM. With FAKE_NEEDS, a port, it drains for a moment after its
 * parent is gone, and writes to FAKE_REPORT whether that port still answered at the end of it.
 */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { exitWithParent, systemClock } from '@posthaste/telemetry';

const { FAKE_MODE: mode, FAKE_PORT: port, FAKE_NEEDS: needed, FAKE_REPORT: report } = process.env;
const drainMs = 200;

function tell(msg: string): void {
  process.stdout.write(`${JSON.stringify({ level: 'info', msg, pid: process.pid })}\n`);
}

async function drain(): Promise<void> {
  if (needed !== undefined && report !== undefined) {
    await systemClock.sleep(drainMs);
    writeFileSync(report, (await answers(Number(needed))) ? 'answered' : 'gone');
  }
  process.exit(0);
}

function answers(at: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(at, '127.0.0.1', () => resolve(socket.destroy().destroyed));
    socket.once('error', () => resolve(false));
  });
}

if (mode === 'fail') {
  tell('fails');
  process.exit(3);
}
const server = createServer((_request, response) => response.end('ready\n'));
server.listen(Number(port), '127.0.0.1', () => tell('listens'));
process.on('SIGTERM', () => {
  tell('told to stop');
  if (mode !== 'stubborn') process.exit(0);
});
exitWithParent(process.env['POSTHASTE_PARENT_FD'], () => void drain());
