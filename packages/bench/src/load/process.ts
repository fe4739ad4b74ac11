/** The load: a process of its own, which the benchmark asks to send. */
import { serveRemote } from '../remote.ts';
import { generateLoad } from './generate.ts';

const methods = { generate: generateLoad };

export type LoadMethods = typeof methods;

serveRemote(methods);
