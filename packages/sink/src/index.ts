export { openDialog, type SmtpDialog } from './dialog.ts';
export { createSink, type Address, type Sink, type SinkCounts, type SinkOptions } from './sink.ts';
export type { Mail, Path } from './mail.ts';
export { defaultKeywords, defaultMaxBytes, phases, type Phase, type Rule, type Script } from './script.ts';
export { parseScript, ScriptError, scriptHint } from './parse-script.ts';
