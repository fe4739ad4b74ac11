/** posthaste.dispatch.v1: between the scheduler and its senders, and the api's live questions. */
export * from './gen/posthaste/dispatch/v1/dispatch_pb.ts';
export * from './gen/posthaste/dispatch/v1/operate_pb.ts';

/** The key in a call's metadata that says which partition it concerns. */
export const partitionKey = 'posthaste-partition';
