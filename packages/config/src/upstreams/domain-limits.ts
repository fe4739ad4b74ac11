import type { DomainLimits, Limits } from '@posthaste/core/upstream-rules';
import { type Parsed, type PartFault, refused, refusedParts, taken } from '../quantity.ts';
import { define, isMapping, parseMap } from '../setting.ts';
import { parseLimits, showLimits } from './limits.ts';

/** For the program that decides what goes when. */
export const domainLimits = define(
  {
    default: {},
    doc: 'How much mail goes to a destination domain, by whatever upstream: domain=20/s+1000/h+5 at once, divided by commas; *=... holds for each domain that is not named, by itself. Messages are counted.',
  },
  {
    kind: 'map of domain=limits',
    parse: parseDomains,
    show: (domains: DomainLimits) => [...domains].map(([domain, limits]) => `${domain}=${showLimits(limits)}`).join(','),
  },
);

function parseDomains(input: unknown): Parsed<DomainLimits> {
  const text = typeof input === 'string' ? parseMap(input) : undefined;
  const mapping = text?.kind === 'value' ? text.value : isMapping(input) ? input : undefined;
  if (!mapping) return refused('a map: domain=20/s+1000/h, or a YAML mapping of domains to limits');
  const faults: PartFault[] = [];
  const domains = new Map<string, Limits>();
  for (const [domain, said] of Object.entries(mapping)) {
    const limits = parseLimits(said);
    if (!/^(?:\*|[^\s@*,=/]+)$/.test(domain))
      faults.push({ part: '', problem: `expected domains such as example.net, or *, instead of '${domain}'` });
    else if (limits.kind === 'refused')
      faults.push({ part: domain, problem: `came '${isMapping(said) ? JSON.stringify(said) : String(said)}', expected ${limits.expected}` });
    else domains.set(domain.toLowerCase(), limits.value);
  }
  return faults.length > 0 ? refusedParts('a map of domains', faults) : taken(domains);
}
