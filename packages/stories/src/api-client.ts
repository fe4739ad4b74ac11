import { create } from '@bufbuild/protobuf';
import { Client as GrpcClient, credentials } from '@grpc/grpc-js';
import { grpcMethod, SubmissionService, SubmitRequestSchema, type SubmitRequest, type SubmitResponse } from '@posthaste/protocol';
import type { Answer, Client } from './load.ts';
import type { StoryMail } from './story-mail.ts';

/** Posts the whole message by REST. `fields`: of the request, for all mails. */
export function restClient(port: number, fields: Readonly<Record<string, unknown>> = {}): Client {
  return postClient(`http://127.0.0.1:${port}/v1/messages`, 202, { fields });
}

/** The same with an idempotency key of its own for each mail. */
export function keyedRestClient(port: number): Client {
  return postClient(`http://127.0.0.1:${port}/v1/messages`, 202, { headersOf: ({ story }) => ({ 'idempotency-key': `"${story}"` }) });
}

/** Calls the same by the Connect protocol, whose unary call in JSON is a POST too. */
export function connectClient(port: number): Client {
  return postClient(`http://127.0.0.1:${port}/posthaste.v1.SubmissionService/Submit`, 200);
}

interface Extras {
  readonly headersOf?: (mail: StoryMail) => Record<string, string>;
  readonly fields?: Readonly<Record<string, unknown>>;
}

function postClient(url: string, accepted: number, { headersOf = () => ({}), fields = {} }: Extras = {}): Client {
  return {
    async submit(mail: StoryMail): Promise<Answer> {
      const { from, to, raw } = mail;
      try {
        const body = JSON.stringify({ ...fields, from, to, raw: raw.toString('base64') });
        const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headersOf(mail) }, body });
        const answer = (await response.json()) as { readonly id: string };
        if (response.status === accepted) return { kind: 'accepted', id: answer.id };
        return { kind: 'refused', reply: `${response.status} ${JSON.stringify(answer)}`, ambiguous: response.status === 503 };
      } catch {
        return { kind: 'refused', reply: 'connection lost', ambiguous: true };
      }
    },
    close() {},
  };
}

/** Calls the same by gRPC, with a client that is not ours. */
export function grpcClient(port: number): Client {
  const client = new GrpcClient(`127.0.0.1:${port}`, credentials.createInsecure());
  return {
    submit({ from, to, raw }: StoryMail): Promise<Answer> {
      const { path, requestSerialize, responseDeserialize } = grpcMethod(SubmissionService.method.submit);
      const request = create(SubmitRequestSchema, { from, to: [...to], raw });
      return new Promise((resolve) => {
        client.makeUnaryRequest<SubmitRequest, SubmitResponse>(path, requestSerialize, responseDeserialize, request, (error, answer) => {
          if (answer) resolve({ kind: 'accepted', id: answer.id });
          else resolve({ kind: 'refused', reply: String(error?.message), ambiguous: true });
        });
      });
    },
    close: () => client.close(),
  };
}
