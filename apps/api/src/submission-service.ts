import type { ServiceImpl } from '@connectrpc/connect';
import type { SubmissionService } from '@posthaste/protocol';
import { createSubmit, type SubmitOptions } from './submission-calls.ts';

export function createSubmissionService(options: SubmitOptions): Partial<ServiceImpl<typeof SubmissionService>> {
  const submit = createSubmit(options);
  return { submit };
}
