/** A Posthaste in memory, for the tests of those who use the client. */
export { createFakePosthaste, type FakePosthaste, type FakePosthasteOptions, type FakeSubmission } from './fake-posthaste.ts';
export type { FakeEnd, FakeOutcome } from './fake-message.ts';
export type { Refusal } from './refusal.ts';
