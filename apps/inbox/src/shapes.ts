/** What the page reads. No imports: the page's own type check has no Node. */

/** One row of the list. */
export interface MailSummary {
  readonly id: string;
  /** As the header says, with names; the envelope's where there is no header. */
  readonly from: string;
  /** The envelope's recipients. */
  readonly to: readonly string[];
  readonly subject: string;
  /** Wall clock, ms. */
  readonly receivedAt: number;
  readonly bytes: number;
}

export interface MailPage {
  /** How many there are: all, or those that were found. */
  readonly total: number;
  /** Newest first. */
  readonly mails: readonly MailSummary[];
}

export interface Envelope {
  readonly helo: string;
  /** Empty for the null sender. */
  readonly from: string;
  readonly to: readonly string[];
  readonly secured: boolean;
  /** Empty when nobody had logged in. */
  readonly user: string;
  /** The script kept the final reply back: the client cannot know that the mail was taken. */
  readonly replyLost: boolean;
}

export interface AttachmentSummary {
  /** Its place in the mail, from 0. */
  readonly number: number;
  readonly name: string;
  readonly type: string;
  readonly bytes: number;
}

/** A mail, opened. */
export interface MailView {
  readonly summary: MailSummary;
  readonly envelope: Envelope;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** Empty when there is none. */
  readonly text: string;
  /** There is more of the text in the source than is shown. */
  readonly textCut: boolean;
  readonly hasHtml: boolean;
  /** The HTML wants pictures from elsewhere. */
  readonly wantsRemoteImages: boolean;
  readonly attachments: readonly AttachmentSummary[];
  /** Why nothing but envelope and source can be shown; empty when all is well. */
  readonly fault: string;
}

export interface InboxStatus {
  /** host:port */
  readonly smtp: string;
  readonly mails: number;
  readonly bytes: number;
  readonly maxMails: number;
  readonly maxBytes: number;
  /** Rules in the script in force; 0 and `wellBehaved` differ when only its limits are changed. */
  readonly rules: number;
  readonly wellBehaved: boolean;
  readonly connections: number;
}

export interface ChaosFault {
  /** From 1. */
  readonly line: number;
  readonly sentence: string;
}
