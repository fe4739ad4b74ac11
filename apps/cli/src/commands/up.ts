import { defineCommand } from '../command/command.ts';
import { option } from '../command/option.ts';
import { up as bringUp } from '../up.ts';

export const up = defineCommand({
  summary: 'start everything on this machine and keep it running',
  about: `Starts nats-server, scheduler, sender, relay, api, and an inbox that catches the mail; starts again what ends.
Each setting of its own is a flag too (--relay.listen=127.0.0.1:25); all settings are variables and keys of the file: posthaste settings.
Ctrl-C and SIGTERM stop everything in order, a second Ctrl-C at once; so does the end of the npx or pnpm that started it (on Linux).
A terminal that closes (SIGHUP) stops it only where input or output is that terminal: under nohup it stays.`,
  grammar: 'own',
  endsItself: true,
  options: {
    'data-dir': option.text({ value: 'DIR', doc: 'Mail, ledger and logs are kept here. Default: ./.posthaste' }),
    'port-base': option.text({
      value: 'N',
      doc: `Moves all ports: relay N, api N+1, inbox SMTP N+2, inbox HTTP N+3, scheduler N+4, NATS N+5, metrics of
                                relay N+6, api N+7, scheduler N+8, sender N+9, native gRPC N+10. Default: 2525, 8080, 1025, 8025, 7420, 4222,
                                9101 to 9104, 8081. Best below 32768: from there on Linux lends ports to
                                whoever dials out, and one of these may be lent just then`,
    }),
    upstream: option.text({ value: 'URL', doc: 'Deliver to smtp://[user:password@]host:port; the inbox is then not started.' }),
    partitions: option.text({
      value: 'N',
      doc: 'Into how many parts mail is divided, to be spread over schedulers. May be raised, never lowered. Default: 1',
    }),
    schedulers: option.text({ value: 'N', doc: 'How many schedulers share the partitions and take over for one another. Default: 1' }),
    senders: option.text({ value: 'N|N..M', doc: 'How many senders: a number, or a span in which they follow the need. Default: 1' }),
    durability: option.choice(['durable', 'fast'], {
      doc: 'durable: accepted means fsynced; fast: a power cut may lose the last moments. Default: durable',
    }),
    config: option.text({ value: 'FILE', doc: 'Settings of all programs in YAML, also POSTHASTE_CONFIG.' }),
    nats: option.text({ value: 'URL', doc: 'Use a NATS that runs already instead of starting one.' }),
  },
  examples: [
    { line: 'posthaste up', says: 'everything, with an inbox; says where it listens and what to try' },
    { line: 'posthaste up --upstream smtp://user:secret@smtp.example.com:587', says: 'deliver to a smart host' },
    { line: 'posthaste up --partitions 4 --schedulers 2', says: 'mail in four parts over two schedulers' },
    { line: 'posthaste up --senders 2..20', says: 'two senders, and up to twenty while they are needed' },
    { line: 'posthaste up --port-base 20000 --data-dir /var/tmp/posthaste', says: 'a second one beside the first' },
  ],
  run: ({ argv, env }) => bringUp(argv, env),
});
