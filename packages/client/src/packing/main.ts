import { join } from 'node:path';
import { packInto } from './pack.ts';

await packInto(join(import.meta.dirname, '../../dist'));
