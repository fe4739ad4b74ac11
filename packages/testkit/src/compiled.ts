import { resolve } from 'node:path';

/** Where programs that tests start keep their compiled code: each is started dozens of times, and compiling costs it more than anything else it does until it is ready. */
export const compiledFolder = resolve(import.meta.dirname, '../../../node_modules/.cache/posthaste-compiled');
