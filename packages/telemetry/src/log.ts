import pino from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * The program log: structured, one JSON object a line on stdout. `error` only when a person should look.
 * No addresses, subjects or bodies go in here; those belong to the mail log.
 */
export interface Log {
  debug(sentence: string, fields?: LogFields): void;
  info(sentence: string, fields?: LogFields): void;
  warn(sentence: string, fields?: LogFields): void;
  error(sentence: string, fields?: LogFields): void;
  child(fields: LogFields): Log;
}

export type LogFields = Readonly<Record<string, unknown>>;

export interface LogOptions {
  /** The program's name, on every line as `program`. */
  readonly program: string;
  readonly level: LogLevel;
}

export function createLog(options: LogOptions): Log {
  const root = pino({
    level: options.level,
    base: { program: options.program },
    messageKey: 'msg',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
  return wrap(root);
}

/** For tests and libraries that were given no log. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};

function wrap(logger: pino.Logger): Log {
  return {
    debug: (sentence, fields = {}) => {
      if (logger.isLevelEnabled('debug')) logger.debug(flatten(fields), sentence);
    },
    info: (sentence, fields = {}) => logger.info(flatten(fields), sentence),
    warn: (sentence, fields = {}) => logger.warn(flatten(fields), sentence),
    error: (sentence, fields = {}) => logger.error(flatten(fields), sentence),
    child: (fields) => wrap(logger.child(flatten(fields))),
  };
}

/** An Error under any key becomes its message, with its cause chain: a line of JSON cannot show an Error by itself. */
function flatten(fields: LogFields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, value instanceof Error ? describeError(value) : value]));
}

/** An error and its causes in one line. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  const cause = error.cause === undefined ? '' : `; caused by: ${describeError(error.cause)}`;
  return `${error.message}${code}${cause}`;
}
