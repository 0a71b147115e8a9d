import type { SourceFile } from './sources.ts';

/** Lines; no file may have more. */
export const LIMIT = 500;
/** Lines; a file with more is named in the report. */
export const LONG = 350;

export interface SizeReport {
  readonly text: string;
  /** `path: lines` of the files over the limit. */
  readonly over: readonly string[];
}

/** Median, 95th percentile (nearest rank) and maximum of the files' lines, and which files are long. */
export function sizeReport(files: readonly SourceFile[]): SizeReport {
  const sizes = files.map((file) => ({ path: file.path, lines: file.text.split('\n').length - 1 }));
  sizes.sort((a, b) => a.lines - b.lines);
  const rank = (share: number): number => sizes[Math.max(0, Math.ceil(share * sizes.length) - 1)]?.lines ?? 0;
  const named = (over: number): readonly string[] =>
    sizes.filter(({ lines }) => lines > over).map(({ path, lines }) => `${path}: ${lines}`);
  const summary = `${sizes.length} files, lines: median ${rank(0.5)}, p95 ${rank(0.95)}, max ${rank(1)}`;
  return { text: [summary, ...named(LONG)].join('\n'), over: named(LIMIT) };
}
