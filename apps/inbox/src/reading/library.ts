import type { MailSummary } from '../shapes.ts';
import type { CaughtMail } from '../mailbox.ts';
import { parseHeading } from './parse.ts';
import type { Reader } from './reader.ts';
import type { Answer } from './thread.ts';

/** As much of a mail as a search looks at, and as much of its text as it remembers. */
const searchedBytes = 128 * 1024;
const searchedCharacters = 16 * 1024;

/** What is known of the mails, worked out when it is first asked for, and forgotten with the mail. */
export class Library {
  readonly #reader: Reader;
  readonly #summaries = new WeakMap<CaughtMail, Promise<MailSummary>>();
  readonly #texts = new WeakMap<CaughtMail, Promise<string>>();
  /** The one that is being looked at: its HTML, pictures and attachments are asked for one by one. */
  #open: { readonly caught: CaughtMail; readonly answer: Promise<Answer> } | undefined;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  summary(caught: CaughtMail): Promise<MailSummary> {
    return remember(this.#summaries, caught, summarize);
  }

  /** In lower case; the beginning of a long one. Empty when the mail cannot be read. */
  text(caught: CaughtMail): Promise<string> {
    return remember(this.#texts, caught, async ({ mail }) => {
      const answer = await this.#reader.read(mail.raw.subarray(0, searchedBytes));
      return answer.kind === 'read' ? plainText(answer.reading).slice(0, searchedCharacters).toLowerCase() : '';
    });
  }

  read(caught: CaughtMail): Promise<Answer> {
    if (this.#open?.caught !== caught) this.#open = { caught, answer: this.#reader.read(caught.mail.raw) };
    return this.#open.answer;
  }

  /** Lets go of the mail that is being looked at. */
  forget(): void {
    this.#open = undefined;
  }
}

function plainText({ text, html }: { readonly text: string; readonly html: string }): string {
  return text === '' ? html.replace(/<[^<>]*>/g, ' ') : text;
}

async function summarize({ id, mail }: CaughtMail): Promise<MailSummary> {
  const { from, subject } = await parseHeading(mail.raw);
  const to = mail.to.map((path) => path.address);
  return { id, from: from === '' ? mail.from.address : from, to, subject, receivedAt: mail.receivedAt, bytes: mail.raw.length };
}

function remember<T>(known: WeakMap<CaughtMail, Promise<T>>, caught: CaughtMail, find: (caught: CaughtMail) => Promise<T>): Promise<T> {
  const value = known.get(caught) ?? find(caught);
  known.set(caught, value);
  return value;
}
