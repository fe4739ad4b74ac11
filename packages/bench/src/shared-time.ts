/** Milliseconds on the machine's monotonic clock, the same one in all its processes: what the load and the sink write down can be compared. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
