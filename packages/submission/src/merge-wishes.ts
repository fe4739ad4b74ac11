import type { Cover, Wishes } from './submission.ts';

/** What the submitter says beside the message wins over the message's own headers, and these over the door's defaults; tags name by name. */
export function mergeWishes({ wishes, defaults }: Cover, header: Wishes): Wishes {
  const said = { ...header, ...wishes };
  if (!defaults) return said;
  return { ...defaults, ...said, ...(defaults.tags && { tags: { ...defaults.tags, ...said.tags } }) };
}
