import { LaneTable, type Mail, type MailEvent, type Reply } from '@posthaste/core';
import { createMailLog, metricsRegistry } from '@posthaste/telemetry';
import { expect, it } from 'vitest';
import { observer, showLanes } from './metrics.ts';

const ticket = { id: 'x', tenant: 'acme', lane: 'low', from: '', recipients: [{ address: 'b@example.net' }], acceptedAt: 0, size: 1 } as const;
const about = { at: 1, id: 'x', attempt: '1.1', recipients: [0] };
const deferral = (reply: Reply) => ({ kind: 'deferred', ...about, reason: 'UPSTREAM_DEFERRED', reply, due: 2 }) as const;

it('counts what is deferred and what fails by the class of the reply, from 0 on', async () => {
  const lines: string[] = [];
  const mailLog = createMailLog({ program: 'scheduler', addresses: 'plain', destination: { write: (line) => void lines.push(line) } });
  const lanes = new LaneTable([{ name: 'newsletters', base: 'low' }]);
  showLanes(lanes);
  const observe = observer(mailLog);
  const events: MailEvent[] = [
    deferral({ code: 450, enhanced: '4.7.28', text: 'slow down' }),
    deferral({ code: 451, text: 'Greylisted' }),
    deferral({ code: 451, text: 'Greylisted' }),
    { kind: 'failed', ...about, tenant: 'acme', reason: 'UPSTREAM_REJECTED', reply: { code: 554, text: 'Spam' } },
  ];
  observe(events.map((event) => ({ event, mail: { ticket, lane: lanes.of(ticket) } as unknown as Mail })));
  const shown = await metricsRegistry.metrics();
  expect(shown).toContain('posthaste_deferred_total{lane="low",class="rate_limited"} 1');
  expect(shown).toContain('posthaste_deferred_total{lane="low",class="greylisted"} 2');
  expect(shown).toContain('posthaste_deferred_total{lane="low",class="mailbox_full"} 0');
  expect(shown).toContain('posthaste_failed_total{lane="low",class="content"} 1');
  expect(shown).toContain('posthaste_delivered_total{lane="newsletters"} 0');
  expect(lines).toHaveLength(4);
});
