import { SendmailFailure, sysexits } from './sysexits.ts';

/** What sendmail is asked for. */
export type SendmailCall =
  | {
      readonly kind: 'send';
      /** -f or -r. */
      readonly from: string | undefined;
      /** -F: the sender's name, for a message that comes without From. */
      readonly fullName: string | undefined;
      /** -t: recipients stand in the message too. */
      readonly fromHeaders: boolean;
      /** Without -i a line that is a lone dot ends the message. */
      readonly dotEnds: boolean;
      readonly recipients: readonly string[];
      readonly endpoint: string | undefined;
    }
  | { readonly kind: 'nothing to do' };

/** The single-letter flags that take a value, attached or as the next word, as Postfix's and Sendmail's own commands read them. */
const withValue = new Set('ABCDFLMNOQRVXbdefhopqr');

/** Those that stand alone. Any other letter is none of theirs, and the word behind it may be meant for it: better no mail than one to that word. */
const alone = new Set('GITUcimnstvx');

/** `-q` and `-d` alone take none. */
const valueOptional = new Set('qd');

/** Reads the flags that PHP, cron, mailx and other callers pass. Those about other queues, modes of delivery and notifications change nothing here. */
export function readSendmailFlags(argv: readonly string[]): SendmailCall {
  const given = { from: undefined as string | undefined, fullName: undefined as string | undefined, endpoint: undefined as string | undefined };
  const recipients: string[] = [];
  let [fromHeaders, dotEnds, runsQueue] = [false, true, false];
  const words = [...argv];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--') recipients.push(...words.splice(0));
    else if (/^--endpoint(=|$)/.test(word)) given.endpoint = word.includes('=') ? word.slice(word.indexOf('=') + 1) : words.shift();
    else if (word === '-' || !word.startsWith('-')) recipients.push(word);
    else for (const { letter, value } of lettersOf(word, words)) take(letter, value);
  }
  return runsQueue ? { kind: 'nothing to do' } : { kind: 'send', ...given, fromHeaders, dotEnds, recipients };

  function take(letter: string, value: string): void {
    if (letter === 't') fromHeaders = true;
    else if (letter === 'i' || (letter === 'o' && value === 'i')) dotEnds = false;
    else if (letter === 'f' || letter === 'r') given.from = value;
    else if (letter === 'F') given.fullName = value;
    else if (letter === 'q') runsQueue = true;
    else if (letter === 'b') runsQueue ||= checkMode(value);
  }
}

interface Letter {
  readonly letter: string;
  readonly value: string;
}

/** `-ti` is two flags; `-fa@b` and `-f a@b` are one. */
function* lettersOf(word: string, following: string[]): Generator<Letter> {
  for (let at = 1; at < word.length; at += 1) {
    const letter = word[at] ?? '';
    const attached = word.slice(at + 1);
    if (!withValue.has(letter)) {
      if (!alone.has(letter))
        throw new SendmailFailure(sysexits.usage, `${word}: sendmail has no flag -${letter}; posthaste sendmail --help tells those that count`);
      yield { letter, value: '' };
      continue;
    }
    const value = attached !== '' || valueOptional.has(letter) ? attached : following.shift();
    if (value === undefined) throw new SendmailFailure(sysexits.usage, `-${letter} needs a value`);
    return yield { letter, value };
  }
}

/** Whether the mode has nothing to do here. `-bm` is the usual one: a message comes from standard input. */
function checkMode(mode: string): boolean {
  const refusals: Readonly<Record<string, string>> = {
    s: '-bs (SMTP on standard input) is not served: connect to the relay, 127.0.0.1:2525 by default',
    p: '-bp (the queue) is not served: posthaste list --state queued shows it, posthaste stats counts it',
    d: '-bd (a daemon) is not served: posthaste up starts the relay',
    v: '-bv (verify an address) is not served: only an upstream knows its addresses',
    t: '-bt (test addresses) is not served: only an upstream knows its addresses',
  };
  const refusal = refusals[mode];
  if (refusal !== undefined) throw new SendmailFailure(sysexits.usage, refusal);
  // -bi builds an alias database; there is none.
  return mode === 'i';
}
