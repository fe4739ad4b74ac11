/** The simulator with a million mails in a process of its own, with a heap for all of them. */
import { serveRemote } from '../remote.ts';
import { measureMillion } from './million-measure.ts';

const methods = { measure: measureMillion };

export type MillionMethods = typeof methods;

serveRemote(methods);
