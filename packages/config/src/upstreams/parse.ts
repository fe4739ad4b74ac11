import { type Parsed, type PartFault, refusedParts, taken } from '../quantity.ts';
import { isMapping, parseMap } from '../setting.ts';
import { buildUpstream } from './build.ts';
import { readGiven } from './reading.ts';
import type { Upstream, Upstreams } from './upstream.ts';

/** Names stand in metrics, logs and routes, so they are kept plain; the letter in front also keeps the order of the map. */
export const upstreamName = /^[a-z][a-z0-9_-]{0,62}$/;
export const nameForm = 'names of lower-case letters, digits, - and _, starting with a letter';

const form = 'a map: name=smtp://[user:password@]host[:port], with more behind a comma, or a YAML mapping of names to URLs or to mappings';

/** Of an upstream by this name: the part of it that is wrong, and why. */
export type LookAtUpstream = (name: string, upstream: Upstream) => readonly PartFault[];

/** From `main=smtp://host,other=preset://user:password@name`, or from a YAML mapping. What came is not quoted: it holds passwords. */
export function parseUpstreams(input: unknown, look: LookAtUpstream = () => []): Parsed<Upstreams> {
  const mapping = isMapping(input) ? input : typeof input === 'string' ? mapOf(input) : undefined;
  const names = Object.keys(mapping ?? {});
  if (!mapping || names.length === 0) return refusedParts(form, [{ part: '', problem: `expected ${form}; a comma in a password is written %2C` }]);
  const faults: PartFault[] = [];
  const upstreams: Record<string, Upstream> = {};
  for (const [name, said] of Object.entries(mapping)) {
    if (!upstreamName.test(name)) faults.push({ part: '', problem: `expected ${nameForm}, instead of '${name}'` });
    const read = readGiven(name, said);
    faults.push(...read.faults);
    const upstream = buildUpstream(name, read.given, read.faults.length > 0 ? [] : faults);
    upstreams[name] = upstream;
    faults.push(...look(name, upstream));
  }
  return faults.length > 0 ? refusedParts(form, faults) : taken(upstreams);
}

function mapOf(text: string): Record<string, string> | undefined {
  const map = parseMap(text);
  return map.kind === 'value' ? map.value : undefined;
}
