/** Everything an iteration gives. */
export async function collect<V>(entries: AsyncIterable<V>): Promise<V[]> {
  const all: V[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}
