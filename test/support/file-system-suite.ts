import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { FileSystemPort, WatchEvent } from '../../actors/watchers/files/file-system.ts';

/** A place for files, seen from both sides: as whoever writes logs, and through the port. */
export interface FileWorld {
  readonly fs: FileSystemPort;
  /** An empty directory. */
  readonly root: string;
  append(path: string, text: string): void;
  mkdir(path: string): void;
  rename(from: string, to: string): void;
  truncate(path: string): void;
  unlink(path: string): void;
  symlink(target: string, path: string): void;
  link(from: string, to: string): void;
  makeFifo(path: string): void;
  /** Lets events arrive until `holds`. */
  until(what: string, holds: () => boolean): Promise<void>;
}

/** What every `FileSystemPort` does; the one in memory and the machine's own pass the same. */
export function fileSystemSuite(name: string, open: (t: TestContext) => FileWorld): void {
  const scene = (what: string, play: (world: FileWorld) => Promise<void>): void => {
    test(`${name}: ${what}`, (t) => play(open(t)));
  };

  scene('stat tells kind, size, links and identity, and follows symbolic links', async (world) => {
    const { fs, root } = world;
    world.append(`${root}/a`, 'four');
    world.symlink(`${root}/a`, `${root}/s`);
    world.link(`${root}/a`, `${root}/h`);
    world.mkdir(`${root}/d`);
    world.makeFifo(`${root}/f`);
    const [a, s, h, d, f] = await Promise.all(['a', 's', 'h', 'd', 'f'].map((one) => fs.stat(`${root}/${one}`)));
    assert.ok(a?.ok && s?.ok && h?.ok && d?.ok && f?.ok);
    assert.deepEqual([a.value.kind, a.value.size, a.value.links], ['file', 4, 2]);
    assert.deepEqual([s.value, h.value], [a.value, a.value]);
    assert.deepEqual([d.value.kind, f.value.kind], ['directory', 'FIFO']);
    assert.notEqual(d.value.ino, a.value.ino);
    assert.match(a.value.ino, /^\d+$/);
  });

  scene('look is of the path itself, and tells owner and rights; a link tells where it leads', async (world) => {
    const { fs, root } = world;
    world.append(`${root}/a`, 'x');
    world.symlink('./none', `${root}/s`);
    const [a, s, d] = await Promise.all([fs.look(`${root}/a`), fs.look(`${root}/s`), fs.look('/')]);
    assert.ok(a.ok && s.ok && d.ok);
    assert.deepEqual([a.value.kind, s.value.kind, d.value.kind], ['file', 'symbolic link', 'directory']);
    assert.ok(a.value.mode > 0 && a.value.mode <= 0o7777 && Number.isInteger(a.value.uid + a.value.gid));
    const target = await fs.readLink(`${root}/s`);
    assert.equal(target.ok && target.value, './none');
    for (const answer of [await fs.readLink(`${root}/a`), await fs.readLink(`${root}/n`), await fs.look(`${root}/n`)]) {
      assert.equal(answer.ok, false);
    }
    assert.equal((await fs.accountNames()).users.get(0), 'root');
  });

  scene('what is not there is absent, for every call', async ({ fs, root }) => {
    const path = `${root}/none/x`;
    for (const answer of [await fs.stat(path), await fs.open(path), await fs.list(path), await fs.resolve(path)]) {
      assert.equal(answer.ok ? '' : answer.code, 'absent');
    }
    const watch = fs.watch(path, () => {});
    assert.equal(watch.ok ? '' : watch.code, 'unwatchable');
  });

  scene('a dangling link is absent, a loop of links an error, not a hang', async (world) => {
    const { fs, root } = world;
    world.symlink(`${root}/none`, `${root}/dangling`);
    assert.equal((await fs.stat(`${root}/dangling`)).ok, false);
    world.symlink(`${root}/two`, `${root}/one`);
    world.symlink(`${root}/one`, `${root}/two`);
    assert.equal((await fs.stat(`${root}/one`)).ok, false);
  });

  scene('resolve goes through links of files and directories', async (world) => {
    const { fs, root } = world;
    world.mkdir(`${root}/d`);
    world.append(`${root}/d/a`, 'x');
    world.symlink(`${root}/d`, `${root}/e`);
    world.symlink('a', `${root}/d/b`);
    const real = await fs.resolve(`${root}/e/b`);
    const direct = await fs.resolve(`${root}/d/a`);
    assert.ok(real.ok && direct.ok);
    assert.equal(real.value, direct.value);
  });

  scene('list names everything with its own kind', async (world) => {
    const { fs, root } = world;
    world.append(`${root}/a`, 'x');
    world.mkdir(`${root}/d`);
    world.append(`${root}/d/deep`, 'x');
    world.symlink(`${root}/d`, `${root}/s`);
    const listed = await fs.list(root);
    assert.ok(listed.ok);
    assert.deepEqual(listed.value.map(({ name: entry, kind }) => `${entry} ${kind}`).sort(), [
      'a file',
      'd directory',
      's symbolic link',
    ]);
  });

  scene('read fills the buffer, stops at the end, and sees what is appended and truncated', async (world) => {
    const { fs, root } = world;
    world.append(`${root}/a`, 'hello');
    const file = await fs.open(`${root}/a`);
    assert.ok(file.ok);
    const read = async (length: number, at: number): Promise<string> => {
      const into = Buffer.alloc(length);
      const got = await file.value.read(into, at);
      assert.ok(got.ok);
      return into.toString('utf8', 0, got.value);
    };
    assert.deepEqual([await read(2, 1), await read(9, 3), await read(9, 5), await read(9, 99)], ['el', 'lo', '', '']);
    world.append(`${root}/a`, ' world');
    assert.equal(await read(99, 5), ' world');
    world.truncate(`${root}/a`);
    assert.equal(await read(9, 0), '');
    await file.value.close();
    await file.value.close();
  });

  scene('an open file stays the same one through rename, removal and a new file of its name', async (world) => {
    const { fs, root } = world;
    world.append(`${root}/a`, 'old');
    const file = await fs.open(`${root}/a`);
    assert.ok(file.ok);
    const before = await file.value.stat();
    world.rename(`${root}/a`, `${root}/b`);
    world.append(`${root}/a`, 'new');
    world.unlink(`${root}/b`);
    const after = await file.value.stat();
    const path = await fs.stat(`${root}/a`);
    assert.ok(before.ok && after.ok && path.ok);
    assert.equal(after.value.ino, before.value.ino);
    assert.notEqual(path.value.ino, before.value.ino);
    assert.equal(after.value.links, 0);
    await file.value.close();
  });

  scene('a watched directory tells of files that come, change, are renamed and go', async (world) => {
    const { fs, root, until } = world;
    const told: WatchEvent[] = [];
    const watch = fs.watch(root, (event) => told.push(event));
    assert.ok(watch.ok);
    const expect = (kind: WatchEvent['kind'], file: string): Promise<void> =>
      until(`${kind} ${file}`, () => told.some((event) => event.kind === kind && event.name === file));
    world.append(`${root}/a`, 'x');
    await expect('renamed', 'a');
    await expect('changed', 'a');
    world.rename(`${root}/a`, `${root}/b`);
    await expect('renamed', 'b');
    told.length = 0;
    world.truncate(`${root}/b`);
    await expect('changed', 'b');
    world.unlink(`${root}/b`);
    await expect('renamed', 'b');
    watch.value();
    told.length = 0;
    world.append(`${root}/c`, 'x');
    assert.equal((await fs.stat(`${root}/c`)).ok, true);
    assert.deepEqual(told, []);
  });

  scene('a watched file tells of changes also under another name and through a link', async (world) => {
    const { fs, root, until } = world;
    world.mkdir(`${root}/d`);
    world.append(`${root}/d/a`, 'x');
    world.symlink(`${root}/d/a`, `${root}/s`);
    let told = 0;
    const watch = fs.watch(`${root}/s`, () => told++);
    assert.ok(watch.ok);
    world.append(`${root}/d/a`, 'y');
    await until('the append', () => told > 0);
    world.rename(`${root}/d/a`, `${root}/d/b`);
    await until('the rename', () => told > 1);
    const before = told;
    world.append(`${root}/d/b`, 'z');
    await until('the append under the new name', () => told > before);
    watch.value();
  });
}
