/** For simulations beside the core: what outlives a crash, and chance by a seed. */
export { MailFromLog, type PeakUse } from './mail-from-log.ts';
export { Random } from './random.ts';
export { recover } from './virtual-recovery.ts';
export { placeOf, sources, VirtualStore, type Source } from './virtual-store.ts';
