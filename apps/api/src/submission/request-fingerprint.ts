import { createHash, type Hash } from 'node:crypto';
import { toBinary } from '@bufbuild/protobuf';
import { SubmitRequestSchema, type SubmitRequest } from '@posthaste/protocol';

const nothing = new Uint8Array(0);

/**
 * The same for two requests that ask for the same mail, by whatever protocol they came. A map has no order, so ours is by key. The message and the
 * attachments are hashed where they lie: as parts of one encoding they would be copied.
 */
export function fingerprintOf(request: SubmitRequest): string {
  const { raw, attachments, headers, tags, tenant } = request;
  const hash = createHash('sha256');
  const rest: SubmitRequest = {
    ...request,
    idempotencyKey: '',
    briefKey: false,
    tenant: tenant || 'default',
    headers: inOrder(headers),
    tags: inOrder(tags),
    raw: nothing,
    attachments: attachments.map((attachment) => ({ ...attachment, content: nothing })),
  };
  for (const part of [toBinary(SubmitRequestSchema, rest), raw, ...attachments.map(({ content }) => content)]) update(hash, part);
  return hash.digest('base64url');
}

/** Its length first: where one part ends and the next begins shall not be a matter of its bytes. */
function update(hash: Hash, part: Uint8Array): void {
  hash.update(`${part.length}:`);
  hash.update(part);
}

function inOrder(map: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).sort(([one], [other]) => (one < other ? -1 : 1)));
}
