import type { ChangeDisk } from '../../../actors/change/disk.ts';
import type { FileAttributes } from '../../../core/change/texts.ts';
import type { Life } from './life.ts';

interface File {
  readonly kind: 'file';
  now: Buffer;
  /** What is certain to survive a power cut. */
  safe: Buffer;
  attributes: FileAttributes;
}

interface Directory {
  readonly kind: 'directory';
  readonly now: Map<string, Inode>;
  readonly safe: Map<string, Inode>;
}

type Inode = File | Directory;
type Names = Map<string, Inode>;

/** A change of names that may or may not have reached the disk; a rename between directories is one, whole or not at all. */
interface Unsynced {
  readonly parts: { readonly directory: Directory; readonly change: (names: Names) => void }[];
  readonly synced: Set<Directory>;
}

const errno = (code: string, path: string): Error =>
  Object.assign(new Error(`${code}: ${path}`), { code, syscall: 'sim' });

const makeDirectory = (): Directory => ({ kind: 'directory', now: new Map(), safe: new Map() });

/** A disk in memory that knows what a kill and what a power cut leaves of it. */
export class SimDisk {
  #root = makeDirectory();
  /** In order. */
  #unsynced: Unsynced[] = [];
  /** Errno code that a write to a path fails with; undefined lets it pass. */
  fault: (operation: string, path: string) => string | undefined = () => undefined;

  /** The disk as a process sees it, every change a step of its life. */
  of(life: Life): ChangeDisk {
    const step = <V>(name: string, path: string, work: () => V, torn?: () => void): Promise<V> =>
      life.step(
        `${name} ${path}`,
        () => {
          const code = this.fault(name, path);
          if (code !== undefined) throw errno(code, path);
          return work();
        },
        torn,
      );
    return {
      makeDirectory: (path) => step('mkdir', path, () => this.#makeDirectory(path)),
      write: (path, bytes, attributes) =>
        step(
          'write',
          path,
          () => this.#write(path, Buffer.from(bytes), attributes),
          () => this.#write(path, Buffer.from(bytes.subarray(0, bytes.length >> 1)), attributes),
        ),
      sync: (path) => step('fsync', path, () => this.#sync(path)),
      rename: (from, to) => step('rename', to, () => this.#rename(from, to)),
      remove: async (path) => {
        if (this.#find(path) !== undefined) await step('remove', path, () => this.#remove(path));
      },
      read: (path) => life.look(() => this.read(path)),
      attributes: (path) => life.look(() => this.attributes(path)),
      names: (path) => life.look(() => this.names(path)),
    };
  }

  read(path: string): Buffer | undefined {
    const found = this.#find(path);
    return found?.kind === 'file' ? found.now : undefined;
  }

  text(path: string): string | undefined {
    return this.read(path)?.toString();
  }

  attributes(path: string): FileAttributes | undefined {
    const found = this.#find(path);
    return found?.kind === 'file' ? found.attributes : undefined;
  }

  names(path: string): string[] | undefined {
    const found = this.#find(path);
    return found?.kind === 'directory' ? [...found.now.keys()].sort() : undefined;
  }

  /** Puts a file there for good, with the directories above it, as another hand would. */
  put(path: string, text: string, attributes: FileAttributes = { mode: 0o644, uid: 0, gid: 0 }): void {
    let at = this.#root;
    const names = path.split('/').slice(1);
    for (const name of names.slice(0, -1)) {
      const there = at.now.get(name) ?? makeDirectory();
      if (there.kind !== 'directory') throw errno('ENOTDIR', path);
      at.now.set(name, there);
      at.safe.set(name, there);
      at = there;
    }
    const bytes = Buffer.from(text);
    const file: File = { kind: 'file', now: bytes, safe: bytes, attributes };
    at.now.set(names.at(-1) ?? '', file);
    at.safe.set(names.at(-1) ?? '', file);
  }

  /** Of what was not synced any part is there or is not. */
  cutPower(random: () => number): void {
    const kept = this.#unsynced.filter(({ synced }) => synced.size > 0 || random() < 0.5);
    const survive = (inode: Inode): Inode => {
      if (inode.kind === 'file') {
        const bytes = survivor(inode, random);
        return { ...inode, now: bytes, safe: bytes };
      }
      const names: Names = new Map(inode.safe);
      for (const { parts } of kept) {
        for (const { directory, change } of parts) if (directory === inode) change(names);
      }
      const left = new Map([...names].map(([name, child]) => [name, survive(child)]));
      return { kind: 'directory', now: left, safe: new Map(left) };
    };
    this.#root = survive(this.#root) as Directory;
    this.#unsynced = [];
  }

  #find(path: string): Inode | undefined {
    let at: Inode | undefined = this.#root;
    for (const name of path.split('/').slice(1)) {
      if (name === '') continue;
      at = at?.kind === 'directory' ? at.now.get(name) : undefined;
    }
    return at;
  }

  #directory(path: string): { readonly directory: Directory; readonly name: string } {
    const directory = this.#find(path.slice(0, path.lastIndexOf('/')));
    if (directory?.kind !== 'directory') throw errno('ENOENT', path);
    return { directory, name: path.slice(path.lastIndexOf('/') + 1) };
  }

  #change(...parts: Unsynced['parts']): void {
    for (const { directory, change } of parts) change(directory.now);
    this.#unsynced.push({ parts, synced: new Set() });
  }

  #makeDirectory(path: string): void {
    const { directory, name } = this.#directory(path);
    const made = makeDirectory();
    if (!directory.now.has(name)) this.#change({ directory, change: (names) => names.set(name, made) });
  }

  #write(path: string, bytes: Buffer, attributes: FileAttributes): void {
    const { directory, name } = this.#directory(path);
    const there = directory.now.get(name);
    if (there?.kind === 'directory') throw errno('EISDIR', path);
    if (there !== undefined) Object.assign(there, { now: bytes, attributes });
    else {
      const made: File = { kind: 'file', now: bytes, safe: Buffer.alloc(0), attributes };
      this.#change({ directory, change: (names) => names.set(name, made) });
    }
  }

  #sync(path: string): void {
    const inode = this.#find(path);
    if (inode === undefined) throw errno('ENOENT', path);
    if (inode.kind === 'file') {
      inode.safe = inode.now;
      return;
    }
    for (const one of this.#unsynced) {
      if (one.parts.some(({ directory }) => directory === inode)) one.synced.add(inode);
    }
    // In order, so that a name changed twice ends as it was changed last; the rest of a rename waits for its other half.
    for (const one of this.#unsynced) {
      if (one.parts.every(({ directory }) => one.synced.has(directory))) {
        for (const { directory, change } of one.parts) change(directory.safe);
      }
    }
    this.#unsynced = this.#unsynced.filter(
      ({ parts, synced }) => !parts.every(({ directory }) => synced.has(directory)),
    );
  }

  #rename(from: string, to: string): void {
    const [source, target] = [this.#directory(from), this.#directory(to)];
    const inode = source.directory.now.get(source.name);
    if (inode === undefined) throw errno('ENOENT', from);
    const there = target.directory.now.get(target.name);
    if (there?.kind === 'directory' && there.now.size > 0) throw errno('ENOTEMPTY', to);
    const leave = (names: Names): void => void (names.get(source.name) === inode && names.delete(source.name));
    const enter = (names: Names): void => void names.set(target.name, inode);
    if (source.directory === target.directory) {
      this.#change({
        directory: source.directory,
        change: (names) => {
          leave(names);
          enter(names);
        },
      });
    } else {
      this.#change({ directory: source.directory, change: leave }, { directory: target.directory, change: enter });
    }
  }

  #remove(path: string): void {
    const { directory, name } = this.#directory(path);
    const there = directory.now.get(name);
    if (there?.kind === 'directory' && there.now.size > 0) throw errno('ENOTEMPTY', path);
    this.#change({ directory, change: (names) => names.delete(name) });
  }
}

/** What is left of a file's bytes: the old, the new, or a beginning of the new. */
function survivor({ now, safe }: File, random: () => number): Buffer {
  if (now === safe) return now;
  const chance = random();
  if (chance < 1 / 3) return safe;
  return chance < 2 / 3 ? now : now.subarray(0, Math.floor(random() * now.length));
}
