import { horizonMs, type Lane } from '@posthaste/core';
import { expectedInstant, grantedPriority, laneOfPriority, readInstant, readPriority, type Cover } from '@posthaste/submission';
import type { Clock } from '@posthaste/telemetry';
import type { SMTPServerAddressArgs } from 'smtp-server';
import { NegativeReply } from './reply.ts';

/** What the parameters of MAIL ask for. */
export type MailWishes = Pick<Cover, 'wishes' | 'priority'>;

/** Parameters of MAIL that ask for something, of the extensions below. */
export const wishParameters = ['MT-PRIORITY', 'BY', 'HOLDFOR', 'HOLDUNTIL'] as const;

/**
 * Their lines in the answer to EHLO. MIXER's three priorities are the ones that are told apart, and a fourth above them (RFC 6710, 9.2). How long mail
 * can be held is said in seconds and as a time (RFC 4865, 3). DELIVERBY without a number has no least time (RFC 2852, 2).
 */
export function wishExtensions(now: number): readonly string[] {
  const until = new Date(now + horizonMs).toISOString().replace(/\.\d+Z$/, 'Z');
  return ['DELIVERBY', `FUTURERELEASE ${horizonMs / 1000} ${until}`, 'MT-PRIORITY MIXER'];
}

/** Undefined when none of them is there. Throws NegativeReply for a value that is not of its form, and for what we could not keep. */
export function readMailWishes(args: SMTPServerAddressArgs, clock: Pick<Clock, 'now'>): MailWishes | undefined {
  const { 'MT-PRIORITY': given, BY: by, HOLDFOR: holdFor, HOLDUNTIL: holdUntil } = args;
  if (given === undefined && by === undefined && holdFor === undefined && holdUntil === undefined) return undefined;
  const priority = priorityOf(given);
  const lane = priority === undefined ? undefined : laneOfPriority(priority);
  const now = clock.now();
  const due = releaseOf(holdFor, holdUntil, now);
  const deadline = deadlineOf(by, now);
  if (due !== undefined && deadline !== undefined && due >= deadline)
    throw badValue('BY ends before HOLDFOR or HOLDUNTIL lets the mail go; expected a later BY, or an earlier release');
  const wishes = { ...(lane && { lane }), ...(due !== undefined && { due }), ...(deadline !== undefined && { deadline, byAge: true as const }) };
  return { wishes, ...(priority !== undefined && { priority }) };
}

/** The reply to a MAIL whose priority was lowered tells the new one, with a code of its own (RFC 6710, 4.1); undefined for any other. */
export function loweredReply(priority: number | undefined, maxLane: Lane | undefined): string | undefined {
  if (priority === undefined || maxLane === undefined) return undefined;
  const granted = grantedPriority(priority, maxLane);
  return granted === priority ? undefined : `2.3.6 ${granted} is the new priority; lane ${maxLane} is the most urgent that you may use`;
}

type Value = string | true | undefined;

function badValue(sentence: string): NegativeReply {
  return new NegativeReply(501, '5.5.4', sentence, 'SYNTAX');
}

/** RFC 6710, 4.1 has its own enhanced code for a bad value. */
function priorityOf(value: Value): number | undefined {
  if (value === undefined) return undefined;
  const priority = value === true ? undefined : readPriority(value);
  if (priority === undefined) throw new NegativeReply(501, '5.5.2', `MT-PRIORITY is ${shown(value)}; expected a whole number from -9 to 9`, 'SYNTAX');
  return priority;
}

/** RFC 4865, 4.2: one of the two at most, and not beyond what EHLO offers. A time that has passed is now, as it is for every way to say it. */
function releaseOf(holdFor: Value, holdUntil: Value, now: number): number | undefined {
  if (holdFor !== undefined && holdUntil !== undefined) throw badValue('HOLDFOR and HOLDUNTIL say the same in two ways; expected one of them');
  const due = holdFor === undefined ? untilOf(holdUntil) : now + secondsOf(holdFor) * 1000;
  if (due !== undefined && due - now > horizonMs) throw badValue(`the mail would be held too long; expected at most ${horizonMs / 1000} seconds`);
  return due;
}

function secondsOf(value: string | true): number {
  if (value === true || !/^[1-9]\d{0,8}$/.test(value)) throw badValue(`HOLDFOR is ${shown(value)}; expected seconds, from 1 to ${horizonMs / 1000}`);
  return Number(value);
}

function untilOf(value: Value): number | undefined {
  if (value === undefined) return undefined;
  const time = value === true || value.includes(' ') ? undefined : readInstant(value);
  if (time === undefined) throw badValue(`HOLDUNTIL is ${shown(value)}; expected ${expectedInstant}`);
  return time;
}

/**
 * Mode R (RFC 2852, 4.1.3): no attempt after that many seconds. For us a mail is delivered when its upstream has taken it, whether or not that one
 * knows of DELIVERBY itself: 4.1.4.1 would have us give back nearly every mail.
 * Mode N and the trace T ask for notices that we do not send: what a server cannot honour it refuses with 555 (RFC 2852, 4).
 */
function deadlineOf(value: Value, now: number): number | undefined {
  if (value === undefined) return undefined;
  const [, seconds, mode = '', trace] = /^([+-]?\d{1,9});([NR])(T?)$/i.exec(value === true ? '' : value) ?? [];
  if (seconds === undefined) throw badValue(`BY is ${shown(value)}; expected seconds and a mode, such as 600;R`);
  if (mode.toUpperCase() === 'N')
    throw new NegativeReply(
      555,
      '5.3.3',
      'BY with mode N asks for a notice of delay, which is not sent here; expected mode R, such as BY=600;R',
      'SYNTAX',
    );
  if (trace)
    throw new NegativeReply(
      555,
      '5.3.3',
      'BY with T asks for a notice of relaying, which is not sent here; expected none, such as BY=600;R',
      'SYNTAX',
    );
  if (!(Number(seconds) > 0)) throw badValue(`BY is ${shown(value)}; expected more than 0 seconds with mode R`);
  return now + Number(seconds) * 1000;
}

function shown(value: string | true): string {
  return value === true ? 'empty' : `"${value.slice(0, 80)}"`;
}
