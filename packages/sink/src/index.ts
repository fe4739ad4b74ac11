export { openDialog, type SmtpDialog } from './dialog.ts';
export type { KnownUser } from './auth.ts';
export { createSink, type Address, type Sink, type SinkCounts, type SinkOptions, type SinkTls } from './sink.ts';
export { testCertificate } from './test-certificate.ts';
export type { Mail, Path } from './mail.ts';
export { defaultKeywords, defaultMaxBytes, phases, type Phase, type Rule, type Script } from './script.ts';
export { parseScript, ScriptError, scriptHint, type ScriptFault } from './parse-script.ts';
