import { create } from '@bufbuild/protobuf';
import type { LaneTable } from '@posthaste/core';
import type { ServiceImpl } from '@connectrpc/connect';
import { GetMessageResponseSchema, WatchMessageResponseSchema, type StatusService } from '@posthaste/protocol';
import { explainMessage } from './explanation.ts';
import { findMessage, type MessageSources } from './message-finding.ts';
import type { SchedulerLookup } from './scheduler-lookup.ts';
import { listMessages } from './list.ts';
import { queueStats, type StatsSources } from './stats.ts';
import type { MessageWatch } from './watch.ts';

export interface StatusOptions extends MessageSources, Pick<StatsSources, 'fill'> {
  readonly lookup: SchedulerLookup;
  readonly watch: MessageWatch;
  readonly lanes: LaneTable;
}

export function createStatusService(options: StatusOptions): Partial<ServiceImpl<typeof StatusService>> {
  return {
    async getMessage({ id }, { signal }) {
      const { message } = await findMessage(options, id.toLowerCase(), signal);
      return create(GetMessageResponseSchema, { message });
    },

    explainMessage: ({ id }, { signal }) => explainMessage(options, id.toLowerCase(), signal),

    listMessages: (request, { signal }) => listMessages(options, request, signal),

    queueStats: () => queueStats(options),

    async *watchMessage({ id, resumeToken }, { signal }) {
      const sightings = options.watch.watchMessage(id.toLowerCase(), { signal, resumeToken: resumeToken || undefined });
      for await (const sighting of sightings) yield create(WatchMessageResponseSchema, { ...sighting });
    },
  };
}
