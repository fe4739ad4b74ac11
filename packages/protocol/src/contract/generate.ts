/** Regenerates src/gen from proto/. */
import { generateInto } from './workspace.ts';

process.exitCode = generateInto('.');
