import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { SubmitRequest } from '@posthaste/protocol';
import type { FieldFault } from '../posthaste-error.ts';

/** What a server finds wrong with a mail beyond the rules that stand in the contract; empty when nothing is. A server looks closer at the values of headers. */
export function mailFaults(request: SubmitRequest, nowMs: number): FieldFault[] {
  return [
    ...(request.raw.length > 0 ? envelopeFaults(request) : [...mailboxFaults(request), ...headerFaults(request)]),
    ...timeFaults(request, nowMs),
  ];
}

const address = /^(?:"(?:[^"\\]|\\.)*"|[^\s@<>()[\]:;,"]+)@(?:[^\s@<>()[\]:;,"]+|\[[^\s[\]]+\])$/;
const named = /^(?:[^<>]*|\s*"(?:[^"\\]|\\.)*"\s*)<([^<>]*)>\s*$/;

/** With raw there are addresses alone. */
function envelopeFaults({ from, to }: SubmitRequest): FieldFault[] {
  const recipients = to.map((text, index) => ({ field: `to[${index}]`, text }));
  return [...(from === '<>' ? [] : [{ field: 'from', text: from }]), ...recipients].flatMap(({ field, text }) =>
    address.test(text) ? [] : [{ field, description: `is "${text}"; expected local@domain: with raw it is the envelope alone` }],
  );
}

function mailboxFaults({ from, to, cc, bcc, replyTo }: SubmitRequest): FieldFault[] {
  const lists = Object.entries({ to, cc, bcc, reply_to: replyTo });
  const others = lists.flatMap(([list, texts]) => texts.map((text, index) => ({ field: `${list}[${index}]`, text })));
  return [{ field: 'from', text: from }, ...others].flatMap(({ field, text }) =>
    address.test(named.exec(text)?.[1] ?? text.trim()) ? [] : [{ field, description: `is "${text}"; expected local@domain or Name <local@domain>` }],
  );
}

/** Headers with a field of their own, headers of the MIME structure, and those that only the way itself may write. */
const reserved = /^(from|sender|to|cc|bcc|reply-to|subject|mime-version|content-.*|received|return-path|delivered-to|x-posthaste-.*)$/i;

function headerFaults({ headers }: SubmitRequest): FieldFault[] {
  const description = 'cannot be given here: it has a field of its own, or is written on the way';
  return Object.keys(headers).flatMap((name) => (reserved.test(name) ? [{ field: `headers["${name}"]`, description }] : []));
}

export const horizonMs = 366 * 24 * 3_600_000;

function timeFaults({ sendAt, deadline }: SubmitRequest, nowMs: number): FieldFault[] {
  const dueMs = sendAt ? timestampMs(sendAt) : nowMs;
  const endMs = deadline ? timestampMs(deadline) : Infinity;
  const first = Math.max(nowMs, dueMs);
  return [
    ...(dueMs > nowMs + horizonMs ? [{ field: 'send_at', description: `is ${iso(dueMs)}; expected a time at most 366 days ahead` }] : []),
    ...(endMs > first ? [] : [{ field: 'deadline', description: `is ${iso(endMs)}; expected a time after ${iso(first)}` }]),
  ];
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
