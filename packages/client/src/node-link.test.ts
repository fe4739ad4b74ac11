import { createServer, type ServerHttp2Stream } from 'node:http2';
import { SubmissionService } from '@posthaste/protocol';
import { expect, it } from 'vitest';
import { openLink } from './node-link.ts';

/** Answers nothing before so many calls have begun; then takes in all of them and gives each an empty reply. */
async function slowServer(calls: number) {
  const begun: ServerHttp2Stream[] = [];
  const server = createServer().on('stream', (stream: ServerHttp2Stream) => {
    begun.push(stream);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    if (begun.length === calls) for (const each of begun) each.resume().on('end', () => each.end(Buffer.alloc(5)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { server, url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}` };
}

it('has many large mails under way at once over its one connection', async () => {
  const calls = 40;
  const { server, url } = await slowServer(calls);
  const link = openLink(url);
  const raw = new Uint8Array(2 ** 20);
  const submit = () => link.transport.unary(SubmissionService.method.submit, undefined, undefined, undefined, { raw });
  const answers = await Promise.allSettled(Array.from({ length: calls }, submit));
  expect(answers.filter(({ status }) => status === 'rejected')).toEqual([]);
  link.close();
  server.close();
});
