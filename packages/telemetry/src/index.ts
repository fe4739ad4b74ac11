export { systemClock, type Clock } from './clock.ts';
export { createLog, describeError, silentLog, type Log, type LogFields, type LogLevel, type LogOptions } from './log.ts';
export {
  createMailLog,
  silentMailLog,
  type AcceptedLine,
  type LoggedReply,
  type MailLog,
  type MailLogOptions,
  type OutcomeLine,
} from './mail-log.ts';
export { counter, gauge, histogram, metricsRegistry } from './metrics.ts';
export { createAdminServer, type AdminOptions, type AdminServer } from './admin.ts';
export { aborted, runProgram } from './program.ts';
export { exitWithParent } from './parent.ts';
export { createTracing, noTracing, type Attributes, type Span, type Tracing } from './tracing.ts';
