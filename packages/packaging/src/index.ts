export { bundlePrograms } from './bundle.ts';
export { type ProgramName, sourceOf } from './program.ts';
