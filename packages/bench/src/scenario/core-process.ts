/** The scheduler's core in a process of its own, which the benchmark asks to measure it: a heap of its own for each case. */
import { serveRemote } from '../remote.ts';
import { measureCore } from './core-measure.ts';

const methods = { measure: measureCore };

export type CoreMethods = typeof methods;

serveRemote(methods);
