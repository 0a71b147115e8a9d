import { printable, shortened } from '../base/printable.ts';
import type { Failure } from '../base/result.ts';

/** One thing that is wrong with a config, where, and what is allowed instead. Holds no secret. */
export interface Problem {
  readonly file: string;
  /** From 1; 0 where it concerns the file as a whole or no file at all. */
  readonly line: number;
  /** From 1, in UTF-16 units; 0 as `line`. */
  readonly column: number;
  /** Dotted path, e.g. `webui.tokens[1].scope`; empty for the file's form. */
  readonly key: string;
  readonly message: string;
}

/** `public` is every problem, one a line. */
export interface ConfigFailure extends Failure<'invalid'> {
  readonly problems: readonly Problem[];
}

/** As compilers write it: `bartizan.yaml:12:3: firewall.tabel: unknown key …`. */
export function problemText({ file, line, column, key, message }: Problem): string {
  const place = line > 0 ? `${printable(file)}:${line}:${column}` : printable(file);
  return [place, key, message].filter((part) => part !== '').join(': ');
}

/** Problems of one file beyond this number are counted, not listed. */
const MOST = 50;

export function invalid(problems: readonly Problem[]): ConfigFailure {
  const listed = problems.slice(0, MOST);
  const lines = listed.map(problemText);
  if (problems.length > MOST) lines.push(`… and ${problems.length - MOST} more`);
  return { ok: false, code: 'invalid', public: lines.join('\n'), problems: listed };
}

/** Text of the config quoted in a message: short, printable. */
export const quoted = (text: string): string => `"${shortened(printable(shortened(text, 200)), 60)}"`;
