/** Who stepped in, why, and when (wall clock). `policy` as the author: a setting did it. */
export interface Intervention {
  readonly author: string;
  /** In the words of who asked; may be empty. */
  readonly comment: string;
  readonly at: number;
}
