/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that runs. */
export interface Running {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
}

/** What the supervisor keeps alive. */
export interface Program {
  readonly name: string;
  /** At the end the programs of the lowest stage are stopped first, those of one stage together; at the start it is the other way round. */
  readonly stopStage: number;
  launch(): Promise<Running>;
  /** Whether it can do its work. Asked again and again until it is so. */
  isReady(): Promise<boolean>;
}

export function describeExit({ code, signal }: Exit): string {
  return signal === null ? `exit code ${code}` : signal;
}
