import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A line of a controller's export. */
export interface ExportedLine {
  readonly serial: string;
  readonly stream: string;
  readonly epoch: string;
  readonly number: number;
}

/** What a controller has exported so far, in its order; a line that is being written is left out. */
export async function exportedBy(state: string): Promise<readonly ExportedLine[]> {
  const folder = join(state, 'streams');
  const names = await readdir(folder).catch((): string[] => []);
  const lines: ExportedLine[] = [];
  for (const name of names.filter((one) => one.endsWith('.jsonl')).sort()) {
    const text = await readFile(join(folder, name), 'utf8');
    for (const line of text.split('\n').slice(0, -1)) lines.push(JSON.parse(line));
  }
  return lines;
}

/**
 * Where the streams of appliances are not what they are to be: each from its first number on, number by number, none twice.
 * @returns the first such place, as text
 */
export function disorderIn(lines: readonly ExportedLine[]): string | undefined {
  const last = new Map<string, number>();
  for (const { serial, stream, epoch, number } of lines) {
    const key = `${serial} ${stream} ${epoch}`;
    const before = last.get(key) ?? 0;
    if (number !== before + 1) return `${key}: ${number} comes after ${before}`;
    last.set(key, number);
  }
  return undefined;
}
