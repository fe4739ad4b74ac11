/** What a message's bytes say: for the doors, and for whoever reads a message before it goes to one. Loads nothing else. */
export { readAddressList } from './address-list.ts';
export { findHeaderBlock, type HeaderBlock, type HeaderField, valueOf } from './header-block.ts';
export { LineEnds } from './line-ends.ts';
