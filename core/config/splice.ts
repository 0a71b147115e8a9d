/** Replace the text from `start` to `end` (exclusive) by `insert`. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly insert: string;
}

/** Applies splices that do not overlap; those at the same place keep their order. */
export function spliced(text: string, splices: readonly Splice[]): string {
  const ordered = splices.map((splice, i) => ({ splice, i }));
  ordered.sort((a, b) => b.splice.start - a.splice.start || b.i - a.i);
  return ordered.reduce(
    (done, { splice }) => done.slice(0, splice.start) + splice.insert + done.slice(splice.end),
    text,
  );
}

export const lineStart = (text: string, offset: number): number => text.lastIndexOf('\n', offset - 1) + 1;

/** The offset behind the line end of the line that holds `offset`. */
export function nextLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}

export const columnOf = (text: string, offset: number): number => offset - lineStart(text, offset);

/** The file's own line end. */
export const newlineOf = (text: string): string => (text.includes('\r\n') ? '\r\n' : '\n');

/** Whole lines to stand at `offset`, which is the start of a line or the end of the text. */
export function linesAt(text: string, offset: number, lines: readonly string[]): Splice {
  const newline = newlineOf(text);
  const lead = offset > 0 && text[offset - 1] !== '\n' ? newline : '';
  return { start: offset, end: offset, insert: `${lead}${lines.join(newline)}${lead === '' ? newline : ''}` };
}

/**
 * The offset behind the commented-out form of `key` (`# key: …`) in a region, and what belongs to it: comment lines that
 * go on deeper. Undefined where there is none. `indent` is the column of the `#`; undefined takes any.
 */
export function afterCommentedKey(
  text: string,
  region: { readonly start: number; readonly end: number },
  key: string,
  indent: number | undefined,
): { readonly offset: number; readonly indent: number } | undefined {
  for (let at = region.start; at < region.end; at = nextLine(text, at)) {
    const comment = commentAt(text, at);
    if (comment?.text.startsWith(`${key}:`) !== true || (indent !== undefined && comment.indent !== indent)) continue;
    let offset = nextLine(text, at);
    for (;;) {
      const below = offset < region.end ? commentAt(text, offset) : undefined;
      if (below === undefined || below.indent !== comment.indent || below.margin <= comment.margin) break;
      offset = nextLine(text, offset);
    }
    return { offset, indent: comment.indent };
  }
  return undefined;
}

/** A line that is a comment only: the column of its `#`, the blanks behind that, and its text. */
function commentAt(text: string, start: number) {
  const match = /^( *)#( *)(.*)$/.exec(text.slice(start, nextLine(text, start)).trimEnd());
  if (match === null) return undefined;
  return { indent: match[1]?.length ?? 0, margin: match[2]?.length ?? 0, text: match[3] ?? '' };
}

/** Behind comment lines that are indented deeper than `indent`, blank lines between them included: they belong above. */
export function afterDeeperComments(text: string, offset: number, indent: number): number {
  let behind = offset;
  for (let at = offset; at < text.length; at = nextLine(text, at)) {
    const comment = commentAt(text, at);
    if (comment !== undefined && comment.indent > indent) behind = nextLine(text, at);
    else if (text.slice(at, nextLine(text, at)).trim() !== '') break;
  }
  return behind;
}
