import { join } from 'node:path';
import { type Contents, contentsOf, readWhole } from './effects.ts';
import { mendLog } from './log-file.ts';
import { type Manifest, readManifest } from './manifest-file.ts';
import { checkTable } from './table-file.ts';

/** A file to be replaced; without contents it is to be taken away. */
export interface Mend {
  readonly name: string;
  readonly mended: Uint8Array | undefined;
}

export interface Inspection {
  /** What to do to tables before a repair. */
  readonly tables: readonly Mend[];
  /** What is wrong with tables; they fit their manifest no more once they are mended, so the store needs a repair. */
  readonly tableDamage?: string;
  /** What to do to write-ahead logs before the store is opened. */
  readonly logs: readonly Mend[];
  readonly logDamage?: string;
}

/** Until when to look, and at what time. */
export interface Patience {
  readonly deadline: number;
  readonly now: () => number;
}

/** Holds any table LevelDB writes of its own accord (2 MiB and the last records), so that one buffer serves them all. */
const SCRATCH_BYTES = 3 << 20;

const numberOf = (name: string): number => Number.parseInt(name, 10);

/** Verifies the checksums of a store that nobody has open, changing nothing. Tables behind the deadline are passed over. */
export async function inspect(directory: string, patience: Patience): Promise<Inspection> {
  const contents = await contentsOf(directory);
  const manifest = await manifestOf(directory);
  return {
    ...(await inspectTables(directory, contents, manifest, patience)),
    ...(await inspectLogs(directory, contents, manifest)),
  };
}

/** `undefined` when it cannot be told: then every table counts. */
async function manifestOf(directory: string): Promise<Manifest | undefined> {
  const current = await readWhole(join(directory, 'CURRENT')).catch(() => new Uint8Array());
  const name = Buffer.from(current).toString('latin1').trim();
  if (!/^MANIFEST-\d+$/.test(name)) return undefined;
  const bytes = await readWhole(join(directory, name)).catch(() => undefined);
  return bytes === undefined ? undefined : readManifest(bytes);
}

/**
 * A table that is not in the manifest is half of a compaction, or was one's input: no damage, but a repair would take it
 * for part of the store and bring deleted records back, so before one it has to go.
 */
async function inspectTables(
  directory: string,
  { tables }: Contents,
  manifest: Manifest | undefined,
  { deadline, now }: Patience,
): Promise<Pick<Inspection, 'tables' | 'tableDamage'>> {
  const isLeftover = (name: string): boolean => manifest !== undefined && !manifest.tables.has(numberOf(name));
  const mends: Mend[] = [];
  const scratch = new Uint8Array(SCRATCH_BYTES);
  let blocks = 0;
  for (const name of tables.filter((one) => !isLeftover(one))) {
    if (now() > deadline) break;
    const { damaged, mended } = checkTable(await readWhole(join(directory, name), scratch));
    if (damaged > 0) mends.push({ name, mended });
    blocks += damaged;
  }
  const leftovers = tables.filter(isLeftover).map((name): Mend => ({ name, mended: undefined }));
  if (mends.length === 0) return { tables: leftovers };
  const tableDamage = `${blocks} damaged blocks in ${mends.length} tables were left out`;
  return { tables: [...leftovers, ...mends], tableDamage };
}

async function inspectLogs(
  directory: string,
  { logs }: Contents,
  manifest: Manifest | undefined,
): Promise<Pick<Inspection, 'logs' | 'logDamage'>> {
  if (manifest !== undefined && manifest.log > 0 && !logs.some((name) => numberOf(name) === manifest.log)) {
    return { logs: [], logDamage: 'the write-ahead log is missing' };
  }
  const mends: Mend[] = [];
  for (const name of logs) {
    const mended = mendLog(await readWhole(join(directory, name)));
    if (mended !== undefined) mends.push({ name, mended });
  }
  if (mends.length === 0) return { logs: mends };
  return {
    logs: mends,
    logDamage: `${mends.length} damaged write-ahead logs were read up to the damage and behind it`,
  };
}
