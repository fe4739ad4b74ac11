import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs, timestampFromDate, type Duration, type Timestamp } from '@bufbuild/protobuf/wkt';
import { type AttachmentSchema, Disposition, SubmitRequestSchema, type SubmitRequest } from '@posthaste/protocol';
import { laneFields } from './lane-name.ts';
import type { Mail, MailAttachment } from './mail.ts';
import { invalidField } from './posthaste-error.ts';
import type { RequestKey } from './request-key.ts';

/** The request for a mail. Throws INVALID_FIELD where it cannot be put into the contract's words; all other rules are the server's. */
export function submitRequest(mail: Mail, key: RequestKey): SubmitRequest {
  return create(SubmitRequestSchema, {
    from: mail.from,
    to: listOf(mail.to),
    cc: listOf(mail.cc),
    bcc: listOf(mail.bcc),
    replyTo: listOf(mail.replyTo),
    subject: mail.subject ?? '',
    text: mail.text ?? '',
    html: mail.html ?? '',
    headers: { ...mail.headers },
    raw: bytesOf(mail.raw),
    attachments: (mail.attachments ?? []).map(attachment),
    tags: { ...mail.tags },
    tenant: mail.tenant ?? '',
    ...key,
    ...(mail.lane === undefined ? {} : laneFields('lane', mail.lane)),
    ...(mail.listUnsubscribe === undefined ? {} : { listUnsubscribe: { ...mail.listUnsubscribe } }),
    ...(mail.sendAt === undefined ? {} : { sendAt: timestampOf('send_at', mail.sendAt) }),
    ...(mail.ttl === undefined ? {} : { ttl: lifetimeOf(mail.ttl) }),
    ...(mail.deadline === undefined ? {} : { deadline: timestampOf('deadline', mail.deadline) }),
  });
}

export function timestampOf(field: string, date: Date): Timestamp {
  if (Number.isNaN(date.getTime())) throw invalidField(field, 'is an invalid Date; expected one that holds a time');
  return timestampFromDate(date);
}

/** A span whose bounds are the server's. */
export function durationOf(field: string, ms: number): Duration {
  if (!Number.isFinite(ms)) throw invalidField(field, `is ${ms}; expected milliseconds`);
  return durationFromMs(ms);
}

function attachment({
  filename,
  content,
  reference,
  contentType,
  contentId,
  disposition,
}: MailAttachment): MessageInitShape<typeof AttachmentSchema> {
  return {
    filename: filename ?? '',
    content: bytesOf(content),
    reference: reference ?? '',
    contentType: contentType ?? '',
    contentId: contentId ?? '',
    disposition: disposition === undefined ? Disposition.UNSPECIFIED : dispositions[disposition],
  };
}

const dispositions = { inline: Disposition.INLINE, attachment: Disposition.ATTACHMENT };

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function lifetimeOf(ttl: number | string): Duration {
  const [, figure, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(String(ttl)) ?? [];
  const ms = typeof ttl === 'number' ? ttl : Number(figure) * (unitMs[unit] ?? Number.NaN);
  if (!(ms > 0 && Number.isFinite(ms))) {
    throw invalidField('ttl', `${JSON.stringify(ttl)} is no duration; expected milliseconds above zero, or 90s, 15m, 2h, 3d`);
  }
  return durationFromMs(Math.ceil(ms));
}

function listOf(value: string | readonly string[] | undefined): string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : [...value];
}

export function bytesOf(value: Uint8Array | string | undefined): Uint8Array<ArrayBuffer> {
  if (value === undefined) return new Uint8Array();
  return typeof value === 'string' ? new TextEncoder().encode(value) : (value as Uint8Array<ArrayBuffer>);
}
