import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type LineTable, readLineTable, type SourceLine, sourceLine } from '../../core/base/line-table.ts';

/** Finds the source lines of files that the build bundled; each table is read when it is first asked for. */
export class Origins {
  readonly #tables = new Map<string, LineTable | undefined>();

  /** @param script URL or path of a running file. @returns undefined where no table lies beside it */
  of(script: string, line: number): SourceLine | undefined {
    if (!this.#tables.has(script)) this.#tables.set(script, tableBeside(script));
    const table = this.#tables.get(script);
    return table === undefined ? undefined : sourceLine(table, line);
  }
}

function tableBeside(script: string): LineTable | undefined {
  try {
    return readLineTable(readFileSync(`${script.startsWith('file:') ? fileURLToPath(script) : script}.lines`));
  } catch {
    return undefined;
  }
}

/** A place in a stack's line: `file:///…/part-X.js:12:7`. */
const PLACE = /(file:\/\/[^\s()]+?\.c?js):(\d+):\d+/g;

/** The text of a stack, with the places in sources where they are known; columns go. */
export const stackInSources = (stack: string, origins: Origins): string =>
  stack.replace(PLACE, (place, script: string, line: string) => {
    const found = origins.of(script, Number(line));
    return found === undefined ? place : `${found.source}:${found.line}`;
  });
