/** The load by gRPC: a process of its own, which the benchmark asks to send. */
import { serveRemote } from '../remote.ts';
import { generateRpc } from './rpc-load.ts';

const methods = { generate: generateRpc };

export type RpcLoadMethods = typeof methods;

serveRemote(methods);
