import { parse } from 'yaml';
import { type Parsed, refused, taken } from '@posthaste/config/quantity';
import { LaneTable } from '@posthaste/core';
import type { Costs, Network, Staffing, Trouble, Workload } from '../workload.ts';
import { Section } from './section.ts';
import { readSource } from './read-source.ts';
import { readTrouble } from './read-trouble.ts';
import { readUpstream } from './read-upstream.ts';
import { readStart } from './start.ts';

/** Every fault of a workload at once, each with its place, what came and what was expected. */
export class WorkloadError extends Error {
  override readonly name = 'WorkloadError';
  readonly faults: readonly string[];

  constructor(file: string, faults: readonly string[]) {
    super(`${file} has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

/** A workload from YAML (or JSON, which is YAML too). `file`: for what is said of its faults; `lanes`: what mail may be in. Throws a WorkloadError. */
export function readWorkload(text: string, file: string, lanes = new LaneTable()): Workload {
  const faults: string[] = [];
  const workload = readDocument(new Section(documentOf(text, file), '', faults), lanes);
  if (faults.length > 0) throw new WorkloadError(file, faults);
  return workload;
}

function documentOf(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new WorkloadError(file, [(error as Error).message.split('\n', 1)[0] ?? 'not YAML']);
  }
}

function readDocument(root: Section, lanes: LaneTable): Workload {
  const crashes = root.section('crashes');
  const workload: Workload = {
    name: root.text('name', 'workload'),
    ...readStart(root),
    forMs: root.duration('for'),
    drainMs: root.duration('drain', 3_600_000),
    sources: root.sections('sources').map(([name, section]) => readSource(name, section, lanes)),
    upstreams: new Map(root.sections('upstreams').map(([name, section]) => [name, readUpstream(section)])),
    senders: readSenders(root.section('senders')),
    crashes: { scheduler: readCrashes(crashes, 'scheduler'), senders: readCrashes(crashes, 'senders') },
    network: readNetwork(root.section('network')),
    jumps: root.list('clockJumps').map(readJump),
    costs: readCosts(root.section('costs')),
  };
  if (workload.sources.length === 0) root.refuse('sources', 'at least one source of mail');
  crashes.close();
  root.close();
  return workload;
}

function readSenders(section: Section): Staffing {
  const staffing = {
    count: section.count('count', 1),
    changes: section.list('changes').map((change) => {
      const read = { atMs: change.duration('at'), count: change.count('count') };
      change.close();
      return read;
    }),
  };
  section.close();
  return staffing;
}

function readCrashes(section: Section, key: 'scheduler' | 'senders'): readonly Trouble[] {
  return section.list(key).map((each) => readTrouble(each, 3_000));
}

function readNetwork(section: Section): Network {
  const network = {
    latencyMs: section.duration('latency', 1),
    repeated: section.share('repeated', 0),
    reordered: section.share('reordered', 0),
    cutEveryMs: section.duration('cutEvery', 0) || null,
  };
  section.close();
  return network;
}

function readJump(section: Section): { atMs: number; byMs: number } {
  const direction = section.choice('direction', ['forward', 'back'], 'forward');
  const jump = { atMs: section.duration('at'), byMs: section.duration('by') * (direction === 'forward' ? 1 : -1) };
  section.close();
  return jump;
}

function readCosts(section: Section): Costs {
  const costs = {
    acceptMs: section.duration('accept', 2),
    journalMs: section.duration('journal', 2),
    decisionMicros: section.take('decisionMicros', microsOf, 10) ?? null,
  };
  section.close();
  return costs;
}

function microsOf(input: unknown): Parsed<number | null> {
  if (input === 'measured') return taken(null);
  return typeof input === 'number' && input >= 0 ? taken(input) : refused('a number of microseconds, or measured');
}
