/** posthaste.dispatch.v1: between the scheduler and its senders, and the api's live questions. */
export * from './gen/posthaste/dispatch/v1/dispatch_pb.ts';
export * from './gen/posthaste/dispatch/v1/operate_pb.ts';
