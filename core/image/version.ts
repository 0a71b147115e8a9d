/**
 * Orders versions as Semantic Versioning does: numbers by value, a pre-release (`1.2.0-rc.1`) ahead of its release, build
 * metadata (`+…`) not at all. Of anything else, by its pieces in the same way.
 * @returns below 0, 0 or above 0
 */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [left, right].map(parts) as [Parts, Parts];
  const main = comparePieces(a.main, b.main);
  if (main !== 0) return main;
  if (a.pre.length === 0 || b.pre.length === 0) return Math.sign(b.pre.length - a.pre.length);
  return comparePieces(a.pre, b.pre);
}

interface Parts {
  readonly main: readonly string[];
  readonly pre: readonly string[];
}

function parts(version: string): Parts {
  const [text = ''] = version.split('+', 1);
  const at = text.search(/[-~]/);
  const [main, pre] = at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  return { main: main.split('.'), pre: pre === '' ? [] : pre.split('.') };
}

function comparePieces(left: readonly string[], right: readonly string[]): number {
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [a, b] = [left[i], right[i]];
    if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
    const [m, n] = [a, b].map((piece) => (/^\d+$/.test(piece) ? Number(piece) : undefined));
    if (m !== undefined && n !== undefined && m !== n) return m < n ? -1 : 1;
    if ((m === undefined) !== (n === undefined)) return m === undefined ? 1 : -1;
    if (m === undefined && a !== b) return a < b ? -1 : 1;
  }
  return 0;
}
