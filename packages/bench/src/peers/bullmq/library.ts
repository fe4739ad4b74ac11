import { createRequire } from 'node:module';
import { join } from 'node:path';

/** What is used of BullMQ and nodemailer; they are installed beside the workspace, not in it. */
export interface Libraries {
  readonly bullmq: {
    readonly Queue: new (name: string, options: object) => BullQueue;
    readonly Worker: new (name: string, work: (job: { readonly data: BullMail }) => Promise<void>, options: object) => BullWorker;
  };
  readonly nodemailer: { createTransport(options: object): { sendMail(mail: object): Promise<unknown>; close(): void } };
}

interface BullQueue {
  addBulk(jobs: readonly { readonly name: string; readonly data: BullMail; readonly opts: object }[]): Promise<unknown>;
  close(): Promise<void>;
}

interface BullWorker {
  waitUntilReady(): Promise<unknown>;
  on(event: 'failed', listener: (job: unknown, error: Error) => void): void;
  close(): Promise<void>;
}

/** raw: the whole message, as our SMTP door gets it. built: nodemailer makes it of text and HTML. */
export type BullMail =
  | { readonly kind: 'raw'; readonly from: string; readonly to: string; readonly raw: string }
  | { readonly kind: 'built'; readonly from: string; readonly to: string; readonly subject: string; readonly text: string; readonly html: string };

export const queueName = 'mail';

export function loadLibraries(installed: string): Libraries {
  const require = createRequire(join(installed, 'npm/package.json'));
  return { bullmq: require('bullmq') as Libraries['bullmq'], nodemailer: require('nodemailer') as Libraries['nodemailer'] };
}
