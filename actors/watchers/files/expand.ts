import { type Glob, isLiteral, matchesSegment } from '../../../core/event/glob.ts';
import type { FileKind, FileSystemPort } from './file-system.ts';

/** How deep `**` goes below the directory it stands in; symbolic links to directories are not entered by it. */
export const MAX_DEPTH = 16;

/** A pattern that leads through more directories than this is cut off there. */
export const MAX_DIRECTORIES = 4096;

export interface Expansion {
  /** Sorted. Directories, FIFOs and the like are left out; a symbolic link is kept, whatever it leads to. */
  readonly paths: readonly string[];
  /** Every directory whose content decides the result and that exists. */
  readonly directories: readonly string[];
  /** There is more than `limit` or `MAX_DIRECTORIES` allowed. */
  readonly cut: boolean;
  /** A directory that could not be read, and why. */
  readonly trouble?: string;
  /** What matches and can never be a log: FIFOs, sockets and devices, the first few in words. Directories are no news. */
  readonly refused: readonly string[];
}

/** Named at most. */
const MOST_REFUSED = 3;

/** Walks the file system for what `glob` matches, at most `limit` paths. */
export async function expandGlob(fs: FileSystemPort, glob: Glob, limit: number): Promise<Expansion> {
  const walk = {
    fs,
    glob,
    limit,
    paths: new Set<string>(),
    directories: new Set<string>(),
    cut: false,
    trouble: '',
    refused: [],
  };
  await descend(walk, '', 0, 0);
  const found = {
    paths: [...walk.paths].sort(),
    directories: [...walk.directories].sort(),
    cut: walk.cut,
    refused: walk.refused,
  };
  return walk.trouble === '' ? found : { ...found, trouble: walk.trouble };
}

interface Walk {
  readonly fs: FileSystemPort;
  readonly glob: Glob;
  readonly limit: number;
  readonly paths: Set<string>;
  readonly directories: Set<string>;
  cut: boolean;
  trouble: string;
  readonly refused: string[];
}

/** @param depth directories entered by the `**` that stands at `index` */
async function descend(walk: Walk, directory: string, index: number, depth: number): Promise<void> {
  const segment = walk.glob.segments[index];
  if (segment === undefined || walk.cut) return;
  const last = index === walk.glob.segments.length - 1;
  if (isLiteral(segment) && !last) return descend(walk, `${directory}/${segment.literal}`, index + 1, 0);
  if (segment === 'any-depth') await descend(walk, directory, index + 1, 0);
  const listed = await walk.fs.list(directory === '' ? '/' : directory);
  if (!listed.ok) {
    if (listed.code !== 'absent') walk.trouble = listed.public;
    return;
  }
  walk.directories.add(directory === '' ? '/' : directory);
  walk.cut ||= walk.directories.size > MAX_DIRECTORIES;
  for (const { name, kind } of listed.value) {
    const path = `${directory}/${name}`;
    if (segment === 'any-depth') {
      if (kind === 'directory' && !name.startsWith('.') && depth < MAX_DEPTH)
        await descend(walk, path, index, depth + 1);
    } else if (matchesSegment(segment, name)) {
      if (!last && (kind === 'directory' || kind === 'symbolic link')) await descend(walk, path, index + 1, 0);
      if (last) addMatch(walk, path, kind);
    }
    if (walk.cut) return;
  }
}

function addMatch(walk: Walk, path: string, kind: FileKind): void {
  if (kind === 'file' || kind === 'symbolic link' || kind === 'unknown') {
    if (walk.paths.size >= walk.limit && !walk.paths.has(path)) walk.cut = true;
    else walk.paths.add(path);
  } else if (kind !== 'directory' && walk.refused.length < MOST_REFUSED) walk.refused.push(`${path} is a ${kind}`);
}
