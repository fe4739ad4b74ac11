import { parseArgs } from 'node:util';
import { toJsonString } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { ErrorInfoSchema, type Message, MessageSchema, StatusService } from '@posthaste/protocol';
import { exitCode, UsageError } from './exit-code.ts';
import { defaultEndpoint } from './greeting.ts';
import { describeMessage } from './message-text.ts';

export const statusHelp = `posthaste status <id>: where a mail is, and why it is not there yet

  --endpoint URL          where the api is, also POSTHASTE_ENDPOINT  [${defaultEndpoint}]
  -o, --output FORMAT     table, or json: the message in proto3 JSON  [table]

Exit codes: 0 found, 2 usage, 3 no such mail, 6 the api cannot be reached or cannot tell now.`;

type Output = 'table' | 'json';

interface StatusRequest {
  readonly id: string;
  readonly endpoint: string;
  readonly output: Output;
}

/** Asks the api for one message and prints it; answers the exit code. */
export async function status(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  print: (text: string) => void,
): Promise<number> {
  const request = readRequest(argv, env);
  try {
    const message = await getMessage(request);
    print(request.output === 'json' ? toJsonString(MessageSchema, message, { prettySpaces: 2 }) : describeMessage(message, new Date()));
    return exitCode.ok;
  } catch (error) {
    const failure = ConnectError.from(error);
    process.stderr.write(`${request.output === 'json' ? failureJson(failure) : failureText(failure, request.endpoint)}\n`);
    return exitCodes.get(failure.code) ?? exitCode.failed;
  }
}

function readRequest(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): StatusRequest {
  const { values, positionals } = parse(argv);
  const [id, ...surplus] = positionals;
  if (id === undefined) throw new UsageError('the id of a mail is missing: posthaste status <id>');
  if (surplus.length > 0) throw new UsageError(`one id at a time: ${surplus.join(' ')} is too much`);
  const output = values.output ?? 'table';
  if (output !== 'table' && output !== 'json') throw new UsageError(`--output: came '${output}', expected table or json`);
  const endpoint = values.endpoint ?? (env['POSTHASTE_ENDPOINT'] || defaultEndpoint);
  if (!/^https?:$/.test(URL.parse(endpoint)?.protocol ?? ''))
    throw new UsageError(`--endpoint: came '${endpoint}', expected a URL such as ${defaultEndpoint}`);
  return { id, endpoint, output };
}

function parse(argv: readonly string[]): { values: { endpoint?: string; output?: string }; positionals: string[] } {
  try {
    return parseArgs({ args: [...argv], allowPositionals: true, options: { endpoint: { type: 'string' }, output: { type: 'string', short: 'o' } } });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${statusHelp}`);
  }
}

async function getMessage({ id, endpoint }: StatusRequest): Promise<Message> {
  const transport = createConnectTransport({ baseUrl: endpoint, httpVersion: '1.1', defaultTimeoutMs: 10_000 });
  const { message } = await createClient(StatusService, transport).getMessage({ id });
  if (!message) throw new ConnectError(`${endpoint} answered without a message`, Code.Internal);
  return message;
}

const exitCodes: ReadonlyMap<Code, number> = new Map([
  [Code.InvalidArgument, exitCode.usage],
  [Code.NotFound, exitCode.notFound],
  [Code.Unauthenticated, exitCode.auth],
  [Code.PermissionDenied, exitCode.auth],
  [Code.AlreadyExists, exitCode.conflict],
  [Code.FailedPrecondition, exitCode.conflict],
  [Code.Aborted, exitCode.conflict],
  [Code.ResourceExhausted, exitCode.unavailable],
  [Code.Unavailable, exitCode.unavailable],
  [Code.DeadlineExceeded, exitCode.unavailable],
]);

function failureText(failure: ConnectError, endpoint: string): string {
  const reason = reasonOf(failure);
  // An answer of the api carries a reason; without one nothing of ours has answered.
  const hint =
    reason === undefined && exitCodes.get(failure.code) === exitCode.unavailable
      ? `\nIs the api at ${endpoint}? Start it with posthaste up, or name it with --endpoint.`
      : '';
  return `posthaste: ${failure.rawMessage}${reason === undefined ? '' : ` (${reason})`}${hint}`;
}

function failureJson(failure: ConnectError): string {
  return JSON.stringify({ error: { code: Code[failure.code], reason: reasonOf(failure), message: failure.rawMessage } });
}

function reasonOf(failure: ConnectError): string | undefined {
  return failure.findDetails(ErrorInfoSchema)[0]?.reason;
}
