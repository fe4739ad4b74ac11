/** For tests: mails and what happens to them. */
import type { JournalEvent, Ticket } from '@posthaste/core';

export const idOf = (number: number) => `018f0000-0000-7000-8000-0000000${number.toString().padStart(3, '0')}00`;

export function ticketOf(id: string, addresses: readonly string[]): Ticket {
  const recipients = addresses.map((address) => ({ address }));
  return {
    id,
    tenant: 'acme',
    lane: 'high',
    from: 'a@example.org',
    recipients,
    acceptedAt: 1_700_000_000_000,
    size: 321,
    messageId: '<1@x>',
    tags: { shop: 'de' },
  };
}

export const accepted = (id: string, addresses = ['b@example.net'], from = 'a@example.org'): JournalEvent => ({
  kind: 'accepted',
  at: 1,
  id,
  ticket: { ...ticketOf(id, addresses), from },
  place: { kind: 'log', lane: 'high', sequence: 1 },
});
export const started = (id: string, recipients = [0]): JournalEvent => ({
  kind: 'started',
  at: 2,
  id,
  attempt: '1.1',
  recipients,
  upstream: 'inbox',
  sender: 's1',
});
export const delivered = (id: string, recipients = [0]): JournalEvent => ({
  kind: 'delivered',
  at: 9,
  id,
  attempt: '1.1',
  recipients,
  tenant: 'acme',
  reply: { code: 250, enhanced: '2.0.0', text: 'Ok' },
  tookMs: 7,
});
