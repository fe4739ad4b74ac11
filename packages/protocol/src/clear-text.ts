import type { Server } from 'node:http';
import type { Http2Server } from 'node:http2';
import type { Socket } from 'node:net';

/** How every HTTP/2 connection begins (RFC 9113, 3.4); no HTTP/1.1 method does. */
const http2Preface = 'PRI';
/** A connection that has not said so much by then is closed. */
const firstBytesMs = 10_000;

/**
 * HTTP/1.1 and clear-text HTTP/2 on one port: puts a look at the first bytes in front of the server's own handling of a connection. The HTTP/1.1 server
 * owns the listener, for its timeouts only work for connections that it has accepted itself. Returns the set of those that are open.
 */
export function divideConnections(http1: Server, http2: Http2Server): ReadonlySet<Socket> {
  const [takeHttp1] = http1.listeners('connection') as ((socket: Socket) => void)[];
  const open = new Set<Socket>();
  http1.removeAllListeners('connection');
  http1.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    lookAhead(socket, (head) => {
      if (head.startsWith(http2Preface)) {
        // An HTTP/1.1 server lets a client end its side and still hear the answer. In HTTP/2 that is a client that has gone, and its calls go with it.
        socket.allowHalfOpen = false;
        return void http2.emit('connection', socket);
      }
      takeHttp1?.call(http1, socket);
      socket.resume();
    });
  });
  return open;
}

function lookAhead(socket: Socket, decide: (head: string) => void): void {
  let head = Buffer.alloc(0);
  const giveUp = () => socket.destroy();
  const look = (bytes: Buffer) => {
    head = Buffer.concat([head, bytes]);
    if (head.length < http2Preface.length) return;
    socket.off('data', look).off('error', giveUp).off('timeout', giveUp).setTimeout(0);
    socket.pause();
    socket.unshift(head);
    decide(head.toString('latin1', 0, http2Preface.length));
  };
  socket.setTimeout(firstBytesMs);
  socket.on('data', look).on('error', giveUp).on('timeout', giveUp);
}
