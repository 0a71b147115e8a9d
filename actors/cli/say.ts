import { type Table, tableLines } from '../../core/cli/table.ts';
import type { CliDeps } from './deps.ts';

/** Nobody reads standard output any more: the command ends at once, and well. */
export class OutputClosed extends Error {}

/** Writes to standard output. @throws OutputClosed */
export async function say({ stdout }: CliDeps, text: string): Promise<void> {
  if ((await stdout.write(text)) === 'closed') throw new OutputClosed();
}

/** Writes a message to standard error; who closed it does not want it. */
export async function complain({ stderr }: CliDeps, text: string): Promise<void> {
  await stderr.write(`bartizan: ${text}\n`);
}

export const sayTable = (deps: CliDeps, table: Table): Promise<void> =>
  say(deps, linesText(tableLines(table, deps.stdout.columns ?? Number.POSITIVE_INFINITY)));

/** Labels and values in two columns; a row without a value is left out. */
export const sayFacts = (deps: CliDeps, rows: readonly (readonly [string, string | undefined])[]): Promise<void> => {
  const shown = rows.filter((row): row is readonly [string, string] => row[1] !== undefined);
  const lines = tableLines({ heads: ['', ''], rows: shown }, Number.POSITIVE_INFINITY).slice(1);
  return say(deps, linesText(lines));
};

const linesText = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
