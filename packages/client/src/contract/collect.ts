/** All that an async iterable yields. */
export async function collect<T, U = T>(values: AsyncIterable<T>, what: (value: T) => U = (value) => value as unknown as U): Promise<U[]> {
  const collected: U[] = [];
  for await (const value of values) collected.push(what(value));
  return collected;
}
