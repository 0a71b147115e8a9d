/** Lines of context around a difference. */
const CONTEXT = 3;
/** Steps that a search for the shortest difference between two anchors may take; beyond, all between them differs. */
const MOST_STEPS = 1_000_000;

type Kind = ' ' | '-' | '+';
type Edit = readonly [kind: Kind, line: string];

/**
 * How two texts differ, line by line, in the manner of `diff -U3` without its heads: each line begins with a blank, `-` or
 * `+`; `...` stands where lines that are the same are left out. Empty when they are the same. At most `most` lines.
 */
export function textDiff(before: string, after: string, most: number): readonly string[] {
  if (before === after) return [];
  const edits = editsOf(before.split('\n'), after.split('\n'));
  const lines = withContext(edits);
  return lines.length <= most ? lines : [...lines.slice(0, most), `... and ${lines.length - most} lines more`];
}

function editsOf(a: readonly string[], b: readonly string[]): readonly Edit[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const same = (lines: readonly string[]): Edit[] => lines.map((line) => [' ', line]);
  return [
    ...same(a.slice(0, head)),
    ...anchored(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...same(a.slice(a.length - tail)),
  ];
}

/** Lines that occur once on both sides, and in the same order, hold their place; so lists of thousands are cheap. */
function anchored(a: readonly string[], b: readonly string[]): readonly Edit[] {
  const edits: Edit[] = [];
  let [i, j] = [0, 0];
  for (const [x, y] of [...rising(uniquePairs(a, b)), [a.length, b.length] as const]) {
    edits.push(...middle(a.slice(i, x), b.slice(j, y)));
    const line = a[x];
    if (line !== undefined) edits.push([' ', line]);
    [i, j] = [x + 1, y + 1];
  }
  return edits;
}

type Pair = readonly [inA: number, inB: number];

function uniquePairs(a: readonly string[], b: readonly string[]): readonly Pair[] {
  const inB = placesOf(b);
  return [...placesOf(a)].flatMap(([line, x]): Pair[] => {
    const y = inB.get(line);
    return x === TWICE || y === undefined || y === TWICE ? [] : [[x, y]];
  });
}

const TWICE = -1;

function placesOf(lines: readonly string[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const [i, line] of lines.entries()) places.set(line, places.has(line) ? TWICE : i);
  return places;
}

/** The longest run of pairs that rise on both sides; they come rising on the first. */
function rising(pairs: readonly Pair[]): readonly Pair[] {
  interface Link {
    readonly pair: Pair;
    readonly before: Link | undefined;
  }
  const ends: Link[] = [];
  for (const pair of pairs) {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const half = (low + high) >> 1;
      if ((ends[half]?.pair[1] ?? 0) < pair[1]) low = half + 1;
      else high = half;
    }
    ends[low] = { pair, before: ends[low - 1] };
  }
  const run: Pair[] = [];
  for (let link = ends.at(-1); link !== undefined; link = link.before) run.push(link.pair);
  return run.reverse();
}

/** By longest common subsequence where that is affordable. */
function middle(a: readonly string[], b: readonly string[]): readonly Edit[] {
  const whole: Edit[] = [...a.map((line): Edit => ['-', line]), ...b.map((line): Edit => ['+', line])];
  if (a.length === 0 || b.length === 0 || a.length * b.length > MOST_STEPS) return whole;
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--) {
      const [down = 0, right = 0] = [lengths[(i + 1) * width + j], lengths[i * width + j + 1]];
      const both = (lengths[(i + 1) * width + j + 1] ?? 0) + 1;
      lengths[i * width + j] = a[i] === b[j] ? both : Math.max(down, right);
    }
  return walk(a, b, (i, j) => lengths[i * width + j] ?? 0);
}

function walk(a: readonly string[], b: readonly string[], common: (i: number, j: number) => number): readonly Edit[] {
  const edits: Edit[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && left === right) {
      edits.push([' ', left]);
      i++;
      j++;
    } else if (left !== undefined && (right === undefined || common(i + 1, j) >= common(i, j + 1))) {
      edits.push(['-', left]);
      i++;
    } else {
      edits.push(['+', right ?? '']);
      j++;
    }
  }
  return edits;
}

function withContext(edits: readonly Edit[]): readonly string[] {
  const near = new Uint8Array(edits.length);
  for (const [i, [kind]] of edits.entries()) if (kind !== ' ') near.fill(1, Math.max(0, i - CONTEXT), i + CONTEXT + 1);
  const lines: string[] = [];
  for (const [i, [kind, line]] of edits.entries()) {
    if (near[i] === 1) lines.push(`${kind}${line}`);
    else if (lines.at(-1) !== '...') lines.push('...');
  }
  return lines;
}
