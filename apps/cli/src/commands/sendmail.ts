import { type Call, defineCommand } from '../command/command.ts';
import { option, type Options } from '../command/option.ts';
import { endpointOf } from '../command/option-sets.ts';
import { Failure } from '../failure.ts';
import { whoCalls } from '../sendmail/caller.ts';
import { readSendmailFlags } from '../sendmail/flags.ts';
import { handOver } from '../sendmail/hand-over.ts';
import { writeLetter } from '../sendmail/letter.ts';
import { readInput } from '../sendmail/read-input.ts';
import { SendmailFailure, sysexits } from '../sendmail/sysexits.ts';

export const sendmail = defineCommand({
  summary: 'sendmail for programs that call it: a message on standard input',
  about: `A link named sendmail to posthaste is the same. Takes the flags that PHP, cron and mailx pass; those about queues, delivery modes and
notifications (-oem, -odi, -B8BITMIME, -N, -R, -q and so on) change nothing. Bcc is removed, Date and Message-ID are added where they are
missing; an address without a domain gets that of /etc/mailname, or this machine's name. A message without From gets the caller's.
Exit codes: 0 accepted, 64 usage, 65 the message was refused, 69 unavailable, 75 try again later, 77 not allowed.`,
  grammar: 'own',
  operands: [{ name: 'recipient', how: 'any', doc: 'Addresses of the envelope.' }],
  options: {
    t: option.flag({ doc: 'Recipients from To, Cc and Bcc of the message too.' }),
    i: option.flag({ doc: 'A line that is a lone dot does not end the message. Also -oi.' }),
    f: option.text({ value: 'ADDRESS', doc: 'The reverse path, also -r. Default: the calling user at this machine' }),
    F: option.text({ value: 'NAME', doc: "The sender's name, for a message without From." }),
    endpoint: option.text({ value: 'URL', doc: 'Where the api is, also POSTHASTE_ENDPOINT.' }),
  },
  examples: [
    { line: 'posthaste sendmail -t -i -f shop@example.org < message.eml', says: 'as PHP calls it: sendmail_path = "posthaste sendmail -t -i"' },
    { line: 'ln -s "$(command -v posthaste)" /usr/sbin/sendmail', says: 'for cron and whatever else calls sendmail by its path' },
  ],
  async run(call) {
    try {
      return await send(call);
    } catch (error) {
      if (!(error instanceof SendmailFailure) && !(error instanceof Failure)) throw error;
      process.stderr.write(`sendmail: ${error.message}\n`);
      return error instanceof SendmailFailure ? error.code : sysexits.usage;
    }
  },
});

async function send({ argv, stdin, env }: Call<Options>): Promise<number> {
  const asked = readSendmailFlags(argv);
  if (asked.kind === 'nothing to do') return sysexits.ok;
  const endpoint = endpointOf(asked.endpoint, env);
  const letter = writeLetter(asked, await readInput(stdin, asked.dotEnds), whoCalls());
  await handOver(endpoint, letter);
  return sysexits.ok;
}
