export { cacheFolder } from './cache.ts';
export { isAlive } from './alive.ts';
export { askServer } from './ask.ts';
export { type FindOptions, findNatsServer, type FoundServer, NatsServerMissing } from './find.ts';
export { type Guardian, startGuardian } from './guardian.ts';
export { type Exit, type NatsServer, type NatsServerOptions, startNatsServer } from './start.ts';
export { oldestUsable } from './version.ts';
