import { fail, ok, type Result } from '../base/result.ts';
import { SHARDS, shardName } from '../link/topics.ts';

/** `00-1f,30` as numbers, sorted, each once. */
export function readShards(text: string): Result<readonly number[], 'usage'> {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const [, first, last = first] = /^([0-3][0-9a-f])(?:-([0-3][0-9a-f]))?$/.exec(part.trim()) ?? [];
    if (first === undefined || last === undefined || Number.parseInt(last, 16) < Number.parseInt(first, 16)) {
      return fail('usage', `"${part.slice(0, 20)}" is no shard: 00 to 3f, or two of them with - between`);
    }
    for (let shard = Number.parseInt(first, 16); shard <= Number.parseInt(last, 16); shard++) found.add(shard);
  }
  return ok([...found].sort((a, b) => a - b));
}

export const ALL_SHARDS: readonly number[] = Array.from({ length: SHARDS }, (_, shard) => shard);

/** Shards as `readShards` takes them. */
export function shardsText(shards: readonly number[]): string {
  const sorted = [...shards].sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const shard of sorted) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] + 1 === shard) run[1] = shard;
    else runs.push([shard, shard]);
  }
  return runs
    .map(([first, last]) => (first === last ? shardName(first) : `${shardName(first)}-${shardName(last)}`))
    .join(',');
}
