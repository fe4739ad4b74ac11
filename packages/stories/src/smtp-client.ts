import { openDialog, type SmtpDialog } from '@posthaste/testkit';
import type { Answer, Client } from './load.ts';
import type { StoryMail } from './story-mail.ts';

/** How a client protects its session and logs in. */
export interface SmtpLogin {
  /** The certificate to trust, in PEM, asked for at each connection. */
  ca(): string;
  readonly user: string;
  /** Asked for at each connection. */
  password(): string;
}

/** An SMTP client that keeps its connection, pipelines, and opens a new one after a cut. With a login it says STARTTLS first. */
export function smtpClient(port: number, login?: SmtpLogin): Client {
  return new SmtpClient(port, login);
}

const notReached = { kind: 'refused', reply: 'connection lost', ambiguous: false } as const;

class SmtpClient implements Client {
  readonly #port: number;
  readonly #login: SmtpLogin | undefined;
  #dialog: SmtpDialog | undefined;

  constructor(port: number, login?: SmtpLogin) {
    this.#port = port;
    this.#login = login;
  }

  async submit(mail: StoryMail): Promise<Answer> {
    let handedIn = false;
    try {
      const dialog = (this.#dialog ??= await this.#open());
      const refusal = await announce(dialog, mail);
      if (refusal !== undefined) return this.#refused(refusal, false);
      dialog.send(stuffed(mail.raw));
      handedIn = true;
      const reply = await dialog.reply();
      const id = / queued as (\S+)$/.exec(reply)?.[1];
      return reply.startsWith('250 ') && id !== undefined ? { kind: 'accepted', id } : this.#refused(reply, true);
    } catch {
      this.close();
      return { ...notReached, ambiguous: handedIn };
    }
  }

  close(): void {
    this.#dialog?.close();
    this.#dialog = undefined;
  }

  async #open(): Promise<SmtpDialog> {
    const dialog = await openDialog({ host: '127.0.0.1', port: this.#port });
    await dialog.reply();
    await expectReply(dialog, 'EHLO client.example', '250');
    if (this.#login) await logIn(dialog, this.#login);
    return dialog;
  }

  /** A new connection for the next try: the transaction may have stopped half-way. */
  #refused(reply: string, ambiguous: boolean): Answer {
    this.close();
    return { kind: 'refused', reply, ambiguous };
  }
}

async function logIn(dialog: SmtpDialog, { ca, user, password }: SmtpLogin): Promise<void> {
  await expectReply(dialog, 'STARTTLS', '220');
  await dialog.secure(ca());
  await expectReply(dialog, 'EHLO client.example', '250');
  await expectReply(dialog, `AUTH PLAIN ${Buffer.from(`\0${user}\0${password()}`).toString('base64')}`, '235');
}

async function expectReply(dialog: SmtpDialog, command: string, code: string): Promise<void> {
  const reply = await dialog.say(command);
  if (!reply.startsWith(code)) throw new Error(reply);
}

/** The reply that refused, if one did. */
async function announce(dialog: SmtpDialog, { from, to, parameters }: StoryMail): Promise<string | undefined> {
  const commands = [`MAIL FROM:<${from}>${parameters}`, ...to.map((address) => `RCPT TO:<${address}>`), 'DATA'];
  dialog.send(`${commands.join('\r\n')}\r\n`);
  let refusal: string | undefined;
  for (const _ of commands) {
    const reply = await dialog.reply();
    if (!/^[23]/.test(reply)) refusal ??= reply;
  }
  return refusal;
}

/** RFC 5321, 4.5.2, with the final dot. */
function stuffed(raw: Buffer): Buffer {
  return Buffer.concat([Buffer.from(raw.toString('latin1').replaceAll('\r\n.', '\r\n..'), 'latin1'), Buffer.from('.\r\n')]);
}
