import type {
  AccountNames,
  FileCode,
  FileKind,
  FileStat,
  FileSystemPort,
  Listed,
  OpenFile,
  WatchCode,
  WatchEvent,
} from '../../actors/watchers/files/file-system.ts';
import { type Failure, fail, ok, type Result } from '../../core/base/result.ts';
import { millis } from '../../core/base/time.ts';

interface Inode {
  readonly ino: string;
  readonly kind: FileKind;
  /** Of a symbolic link. */
  readonly target: string;
  data: Buffer;
  links: number;
  modifiedAt: number;
  isDenied: boolean;
  uid: number;
  gid: number;
  mode: number;
}

const DEV = '1';

/** A larger read is several, between which the file may change; so is the one that finds the end, as in read(2). */
const READ_SIZE = 64 * 1024;

/**
 * A file system in memory: inodes, hard and symbolic links, rename, truncate, permissions, inotify, and faults on demand.
 * The writer's side (`append`, `rename`, …) acts at once; the watcher's side (the port) takes a few turns of the
 * microtask queue for every call, as many as `turns` says, so that a test can set every order of events.
 */
export class FakeFileSystem implements FileSystemPort {
  /** Events are lost, as on NFS. */
  isDeaf = false;
  /** No inotify watch is to be had. */
  isWatchLimited = false;
  /** Reads fail. */
  isBroken = false;
  /** What opening a file comes to instead. */
  openFailure: Failure<FileCode> | undefined;
  /** Microtask turns the next call takes. */
  turns: () => number = () => 1;
  openFiles = 0;
  mostOpenFiles = 0;
  /** Calls of the port so far: no new ones, nothing moves. */
  calls = 0;
  readonly #now: () => number;
  readonly #names = new Map<string, Inode>();
  /** Every inode ever made: one without a name lives on for those who have it open. */
  readonly #inodes = new Map<string, Inode>();
  readonly #watchers = new Map<Inode, Set<(event: WatchEvent) => void>>();
  #made = 10;

  constructor(now: () => number) {
    this.#now = now;
    this.#names.set('/', this.#make('directory'));
  }

  get watches(): number {
    return [...this.#watchers.values()].reduce((count, { size }) => count + size, 0);
  }

  mkdir(path: string): void {
    this.#link(path, this.#make('directory'));
  }

  /** @param kind e.g. `FIFO` */
  make(path: string, kind: FileKind): void {
    this.#link(path, this.#make(kind));
  }

  symlink(target: string, path: string): void {
    this.#link(path, this.#make('symbolic link', target));
  }

  /** Appends as with O_APPEND|O_CREAT. @returns the inode, for `appendTo` */
  append(path: string, text: string | Uint8Array = ''): string {
    const real = this.#resolve(path) ?? path;
    const inode = this.#names.get(real) ?? this.#link(real, this.#make('file'));
    this.#write(inode, text);
    return inode.ino;
  }

  /** Writes through a descriptor that was opened before a rename or removal. */
  appendTo(ino: string, text: string): void {
    const inode = this.#inodes.get(ino);
    if (inode !== undefined) this.#write(inode, text);
  }

  contentOf(ino: string): Buffer {
    return this.#inodes.get(ino)?.data ?? Buffer.alloc(0);
  }

  truncate(path: string, size = 0): void {
    const inode = this.#at(path);
    inode.data = inode.data.subarray(0, size);
    this.#changed(inode);
  }

  rename(from: string, to: string): void {
    const inode = this.#at(from, false);
    for (const [name, child] of [...this.#names]) {
      if (!name.startsWith(`${from}/`)) continue;
      this.#names.delete(name);
      this.#names.set(to + name.slice(from.length), child);
    }
    inode.links++;
    this.#unlink(from);
    this.#link(to, inode);
    this.#tell(inode, { kind: 'renamed', name: baseOf(to) });
  }

  link(from: string, to: string): void {
    const inode = this.#at(from);
    inode.links++;
    this.#link(to, inode);
  }

  unlink(path: string): void {
    this.#unlink(path);
  }

  /** As logrotate's copytruncate does. */
  copy(from: string, to: string): void {
    this.#link(to, this.#make('file')).data = Buffer.from(this.#at(from).data);
  }

  deny(path: string, isDenied = true): void {
    const inode = this.#at(path);
    inode.isDenied = isDenied;
    this.#changed(inode);
  }

  /** chown and chmod in one. */
  own(path: string, owner: Partial<Pick<FileStat, 'uid' | 'gid' | 'mode'>>): void {
    const inode = this.#at(path);
    Object.assign(inode, owner);
    this.#changed(inode);
  }

  exists(path: string): boolean {
    return this.#resolve(path) !== undefined;
  }

  /** Lets everything under way come to its end, without time passing. */
  async settle(): Promise<void> {
    for (let before = -1; before !== this.calls; ) {
      before = this.calls;
      await new Promise(setImmediate);
    }
  }

  async stat(path: string): Promise<Result<FileStat, FileCode>> {
    await this.#pass();
    const inode = this.#find(path);
    return inode === undefined ? absent(path) : ok(statOf(inode));
  }

  async look(path: string): Promise<Result<FileStat, FileCode>> {
    await this.#pass();
    const inode = this.#named(path);
    return inode === undefined ? absent(path) : ok(statOf(inode));
  }

  async readLink(path: string): Promise<Result<string, FileCode>> {
    await this.#pass();
    const inode = this.#named(path);
    if (inode === undefined) return absent(path);
    return inode.kind === 'symbolic link' ? ok(inode.target) : fail('io', 'invalid argument');
  }

  async accountNames(): Promise<AccountNames> {
    await this.#pass();
    return {
      users: new Map([
        [0, 'root'],
        [33, 'www-data'],
      ]),
      groups: new Map([
        [0, 'root'],
        [4, 'adm'],
      ]),
    };
  }

  async resolve(path: string): Promise<Result<string, FileCode>> {
    await this.#pass();
    const real = this.#resolve(path);
    return real === undefined ? absent(path) : ok(real);
  }

  async list(directory: string): Promise<Result<readonly Listed[], FileCode>> {
    await this.#pass();
    const real = this.#resolve(directory);
    const inode = real === undefined ? undefined : this.#names.get(real);
    if (inode?.kind !== 'directory' || real === undefined) return absent(directory);
    if (inode.isDenied) return denied;
    const prefix = real === '/' ? '/' : `${real}/`;
    const inside = [...this.#names].filter(([name]) => name !== '/' && `${dirOf(name)}/`.replace('//', '/') === prefix);
    return ok(inside.map(([name, { kind }]) => ({ name: baseOf(name), kind })));
  }

  async open(path: string): Promise<Result<OpenFile, FileCode>> {
    await this.#pass();
    const inode = this.#find(path);
    if (inode === undefined) return absent(path);
    if (inode.isDenied) return denied;
    if (this.openFailure !== undefined) return this.openFailure;
    this.openFiles++;
    this.mostOpenFiles = Math.max(this.mostOpenFiles, this.openFiles);
    return ok(this.#openFile(inode));
  }

  watch(path: string, tell: (event: WatchEvent) => void): Result<() => void, WatchCode> {
    if (this.isWatchLimited) return fail('limit', 'no space for a watch');
    const inode = this.#find(path);
    if (inode === undefined || inode.isDenied) return fail('unwatchable', 'no such file');
    const watchers = this.#watchers.get(inode) ?? new Set();
    const watcher = (event: WatchEvent): void => tell(event);
    this.#watchers.set(inode, watchers.add(watcher));
    return ok(() => void watchers.delete(watcher));
  }

  #openFile(inode: Inode): OpenFile {
    let isOpen = true;
    return {
      stat: async () => {
        await this.#pass();
        return ok(statOf(inode));
      },
      read: async (into, at) => {
        await this.#pass();
        if (!isOpen) return fail('io', 'bad descriptor');
        if (this.isBroken) return fail('io', 'input/output error');
        let filled = 0;
        for (let more = true; more; await undefined) {
          const bytes = inode.data.subarray(at + filled, at + Math.min(into.length, filled + READ_SIZE));
          into.set(bytes, filled);
          filled += bytes.length;
          more = bytes.length > 0 && filled < into.length;
        }
        return ok(filled);
      },
      close: async () => {
        await this.#pass();
        if (isOpen) this.openFiles--;
        isOpen = false;
      },
    };
  }

  async #pass(): Promise<void> {
    this.calls++;
    for (let left = this.turns(); left > 0; left--) await undefined;
  }

  #make(kind: FileKind, target = ''): Inode {
    const ino = String(this.#made++);
    const inode = {
      ino,
      kind,
      target,
      data: Buffer.alloc(0),
      links: 1,
      modifiedAt: this.#now(),
      isDenied: false,
      ...OWNED_BY_ROOT,
    };
    inode.mode = kind === 'directory' ? 0o755 : 0o640;
    this.#inodes.set(ino, inode);
    return inode;
  }

  #at(path: string, follow = true): Inode {
    const inode = follow ? this.#find(path) : this.#names.get(path);
    if (inode === undefined) throw new Error(`no such file: ${path}`);
    return inode;
  }

  #find(path: string): Inode | undefined {
    const real = this.#resolve(path);
    return real === undefined ? undefined : this.#names.get(real);
  }

  /** The last name not followed. */
  #named(path: string): Inode | undefined {
    if (path === '/') return this.#names.get('/');
    const directory = this.#resolve(dirOf(path));
    return directory === undefined
      ? undefined
      : this.#names.get(`${directory === '/' ? '' : directory}/${baseOf(path)}`);
  }

  #resolve(path: string, depth = 0): string | undefined {
    let real = '';
    for (const part of path.split('/').filter((one) => one !== '')) {
      const next: string = `${real}/${part}`;
      const inode = this.#names.get(next);
      if (inode === undefined || depth > 8) return undefined;
      if (inode.kind !== 'symbolic link') real = next;
      else {
        const target = inode.target.startsWith('/') ? inode.target : `${real}/${inode.target}`;
        const resolved = this.#resolve(target, depth + 1);
        if (resolved === undefined) return undefined;
        real = resolved;
      }
    }
    return real === '' ? '/' : real;
  }

  #link(path: string, inode: Inode): Inode {
    const directory = this.#resolve(dirOf(path));
    if (directory === undefined) throw new Error(`no such directory: ${dirOf(path)}`);
    const name = `${directory === '/' ? '' : directory}/${baseOf(path)}`;
    if (this.#names.has(name)) this.#unlink(name);
    this.#names.set(name, inode);
    this.#tellDirectory(name, 'renamed');
    return inode;
  }

  #unlink(path: string): void {
    const inode = this.#at(path, false);
    this.#names.delete(path);
    inode.links--;
    this.#tellDirectory(path, 'renamed');
    if (inode.links === 0) this.#tell(inode, { kind: 'renamed', name: baseOf(path) });
  }

  #write(inode: Inode, text: string | Uint8Array): void {
    if (text.length === 0) return;
    inode.data = Buffer.concat([inode.data, Buffer.from(text as string)]);
    this.#changed(inode);
  }

  #changed(inode: Inode): void {
    inode.modifiedAt = this.#now();
    this.#tell(inode, { kind: 'changed' });
    for (const [name, one] of this.#names) if (one === inode) this.#tellDirectory(name, 'changed');
  }

  #tellDirectory(path: string, kind: WatchEvent['kind']): void {
    const directory = this.#names.get(dirOf(path));
    if (directory !== undefined) this.#tell(directory, { kind, name: baseOf(path) });
  }

  /** Delivered later, as epoll does, and only to watches that still stand then. */
  #tell(inode: Inode, event: WatchEvent): void {
    if (this.isDeaf) return;
    const watchers = this.#watchers.get(inode);
    for (const watcher of [...(watchers ?? [])]) {
      queueMicrotask(() => {
        if (watchers?.has(watcher)) watcher(event);
      });
    }
  }
}

const OWNED_BY_ROOT = { uid: 0, gid: 0, mode: 0 };

const statOf = ({ kind, ino, data, links, modifiedAt, uid, gid, mode }: Inode): FileStat => ({
  kind,
  dev: DEV,
  ino,
  size: data.length,
  links,
  modifiedAt: millis(modifiedAt),
  uid,
  gid,
  mode,
});

const absent = (path: string) => fail('absent', `${path}: no such file`);
const denied = fail('denied', 'permission denied');

const dirOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';
const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
