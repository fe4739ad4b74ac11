import { create } from '@bufbuild/protobuf';
import { Lane, SuspensionMatchSchema, type Suspension } from '@posthaste/protocol';
import { laneNameOf, type LaneName } from '../lane-name.ts';
import { dateOf } from '../message-status.ts';
import { withProto, type WithProto } from '../with-proto.ts';

/** A rule that stops mail, what is here and what comes later. */
export interface SuspensionStatus extends WithProto<Suspension> {
  readonly id: string;
  /** What it stops: mail that has all of this. */
  readonly match: {
    readonly tenant: string | undefined;
    readonly domain: string | undefined;
    readonly upstream: string | undefined;
    readonly lane: LaneName | undefined;
    readonly campaign: string | undefined;
    readonly tags: Readonly<Record<string, string>>;
    /** All mail. */
    readonly all: boolean;
  };
  readonly author: string;
  readonly comment: string;
  readonly createdAt: Date | undefined;
  /** Undefined: when it is lifted. */
  readonly expiresAt: Date | undefined;
}

export function suspensionStatus(suspension: Suspension): SuspensionStatus {
  const { id, author, comment, createdAt, expiresAt } = suspension;
  const { lane, laneName, tags, all, ...words } = suspension.match ?? create(SuspensionMatchSchema);
  const given = (word: string) => (word === '' ? undefined : word);
  return withProto(
    {
      id,
      match: {
        tenant: given(words.tenant),
        domain: given(words.domain),
        upstream: given(words.upstream),
        lane: lane === Lane.UNSPECIFIED && laneName === '' ? undefined : laneNameOf({ lane, laneName }),
        campaign: given(words.campaign),
        tags: { ...tags },
        all,
      },
      author,
      comment,
      createdAt: dateOf(createdAt),
      expiresAt: dateOf(expiresAt),
    },
    suspension,
  );
}
