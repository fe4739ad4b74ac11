/** posthaste.v1: the public contract. The internal one is `@posthaste/protocol/dispatch`. */
export * from './gen/posthaste/v1/error_pb.ts';
export * from './gen/posthaste/v1/explanation_pb.ts';
export * from './gen/posthaste/v1/http_answer_pb.ts';
export * from './gen/posthaste/v1/lane_pb.ts';
export * from './gen/posthaste/v1/message_pb.ts';
export * from './gen/posthaste/v1/operation_pb.ts';
export * from './gen/posthaste/v1/reason_pb.ts';
export * from './gen/posthaste/v1/stats_pb.ts';
export * from './gen/posthaste/v1/status_pb.ts';
export * from './gen/posthaste/v1/submission_pb.ts';
export { http as httpRule } from './gen/google/api/annotations_pb.ts';
export type { HttpRule } from './gen/google/api/http_pb.ts';
export { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema, file_google_rpc_error_details } from './gen/google/rpc/error_details_pb.ts';
export { StatusSchema as RpcStatusSchema, type Status as RpcStatus } from './gen/google/rpc/status_pb.ts';
export { Code as RpcCode } from './gen/google/rpc/code_pb.ts';
export { grpcMethod, grpcService } from './grpc-service.ts';
export { ruleField } from './rule-field.ts';
