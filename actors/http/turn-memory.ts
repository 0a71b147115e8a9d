/**
 * Remembers what was found until the end of the turn, so that requests that arrive together by the hundred look it up
 * once. What was not found is looked for each time.
 */
export function turnMemory<V>(find: (key: string) => V | undefined): (key: string) => V | undefined {
  let found = new Map<string, V>();
  const forget = () => {
    found = new Map();
  };
  return (key) => {
    const known = found.get(key);
    if (known !== undefined) return known;
    const value = find(key);
    if (value === undefined) return undefined;
    if (found.size === 0) setImmediate(forget);
    found.set(key, value);
    return value;
  };
}
