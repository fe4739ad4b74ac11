/**
 * Chance from 0 to below 1 for a retry, made of the mail's id and the number of the retry. No random number comes in, so a replay, a new owner and the
 * simulator decide the same; and the recipients of one mail keep together, to share a transaction again.
 */
export function jitterOf(id: string, retry: number): number {
  let hash = 0x811c9dc5;
  // FNV-1a over the characters, then the last mixing of MurmurHash3: ids of one moment differ in few bits.
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  hash ^= Math.imul(retry, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
