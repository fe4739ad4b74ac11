import { laneNameOf } from './lane.ts';
import type { Mail } from './mail.ts';
import type { Router } from './router.ts';

/** What a recipient is bound for, by the router's index: what an operator said, as long as that is configured, else what the routes say. */
export function destinationOf(router: Router, mail: Mail, recipient: number): number {
  const detour = mail.detours?.[recipient];
  const index = detour === undefined ? -1 : router.indexOf(detour);
  return index >= 0 ? index : router.destinationOf(mail.ticket, recipient, mail.lane.name);
}

/** Nobody changed anything of what routes look at, or of what they said. */
export function isOnItsRoute({ detours, lane, ticket }: Mail): boolean {
  return detours === null && lane.name === laneNameOf(ticket);
}

export function destinationNameOf(router: Router, mail: Mail, recipient: number): string {
  return router.destinations[destinationOf(router, mail, recipient)]?.name ?? '';
}
