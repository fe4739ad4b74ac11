/** A word that two spellings of one mailbox share: the domain is without case, the local part is not (RFC 5321, 2.4). */
export function sameMailbox(address: string): string {
  const at = address.lastIndexOf('@');
  return address.slice(0, at) + address.slice(at).toLowerCase();
}
