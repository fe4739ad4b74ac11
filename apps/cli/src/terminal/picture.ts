import { systemClock } from '@posthaste/telemetry/clock';
import type { Surroundings } from '../command/command.ts';
import { Outage } from '../outage.ts';

/** Home, and clear to the end: what was drawn before goes, without a flicker. */
const redraw = '\x1b[H\x1b[2J';

/** Prints on a terminal in the place of what was there, else below it. */
export function printPicture({ print, redraws }: Pick<Surroundings, 'print' | 'redraws'>, text: string): void {
  print(redraws ? `${redraw}${text}` : text);
}

/** Draws now, and again after each pause, until the program is interrupted. What was drawn stays while the api starts anew. */
export async function drawAgain(everyMs: number, draw: () => Promise<void>): Promise<never> {
  const outage = new Outage();
  for (;;) {
    try {
      await draw();
      outage.answered();
    } catch (error) {
      await outage.sitOut(error);
      continue;
    }
    await systemClock.sleep(everyMs);
  }
}
