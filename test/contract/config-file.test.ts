import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, chown, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { replaceDurably } from '../../actors/host-integration/config-file/effects.ts';
import { hostLogs, openConfig, readConfigFile } from '../../actors/host-integration/config-file/index.ts';
import { withMode } from '../../core/config/mode.ts';

const AROUND = { hostname: 'edge01', stateDir: '/s', parsers: ['sshd'] };
const ROOT = process.geteuid?.() === 0;

let root = '';
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-config-'));
});
after(() => rm(root, { recursive: true, force: true }));

async function fresh(text?: string): Promise<{ readonly cwd: string; readonly path: string }> {
  const cwd = await mkdtemp(join(root, 'case-'));
  await mkdir(join(cwd, 'var'));
  const path = join(cwd, 'var/bartizan.yaml');
  if (text !== undefined) await writeFile(path, text, { mode: 0o600 });
  return { cwd, path };
}

async function opened(cwd: string) {
  const open = await openConfig({ cwd, parsers: ['sshd'] });
  assert.ok(open.ok, open.ok ? '' : open.public);
  return open.value;
}

test('a first start writes a commented config that only its owner may read; a second start leaves it', async () => {
  const cwd = await mkdtemp(join(root, 'first-'));
  const first = await opened(cwd);
  const path = join(cwd, 'var/bartizan.yaml');
  assert.equal(first.created, true);
  assert.equal(first.file.path, path);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal((await stat(join(cwd, 'var'))).mode & 0o777, 0o700);
  assert.equal(first.file.loaded.config.state_dir, join(cwd, 'var'));
  const text = await readFile(path, 'utf8');
  assert.match(text, /^ {2}# enabled: false$/m);
  assert.equal((await opened(cwd)).created, false);
  assert.equal(await readFile(path, 'utf8'), text);
});

test('--state beats the state directory of the config', async () => {
  const { cwd } = await fresh('state_dir: /srv/state\n');
  assert.equal((await opened(cwd)).stateDir, '/srv/state');
  const named = await openConfig({ cwd, state: 'var', parsers: ['sshd'] });
  assert.equal(named.ok && named.value.stateDir, join(cwd, 'var'));
});

test('a named config is never made', async () => {
  const open = await openConfig({ cwd: root, config: 'nowhere.yaml', parsers: [] });
  assert.ok(!open.ok);
  assert.equal(open.public, `${root}/nowhere.yaml: there is no such file`);
});

test('the first auth log that is there is watched, with none nothing is', async () => {
  const there = join(root, 'secure');
  await writeFile(there, '');
  assert.deepEqual(await hostLogs([join(root, 'none'), there]), [{ path: there, parser: 'syslog' }]);
  assert.deepEqual(await hostLogs([join(root, 'none')]), []);
});

test('a start says which source is missing', async () => {
  const { cwd } = await fresh('');
  const notes = (await opened(cwd)).notes;
  assert.equal(notes.length, 1);
  assert.match(notes[0] ?? '', /^no source: .*bartizan\.yaml names nothing under watchers/);
  const other = await fresh(
    'watchers: { files: [{ path: /no/such.log, parser: sshd }, { path: /no/*.log, parser: sshd }] }',
  );
  assert.deepEqual((await opened(other.cwd)).notes, ['/no/such.log is not there yet; it is waited for']);
});

test('a change keeps comments, mode and owner, and is there when it resolves', async () => {
  const { cwd, path } = await fresh('# ours\nfirewall:\n  enabled: false # not yet\n');
  await chmod(path, 0o640);
  if (ROOT) await chown(path, 0, 65534);
  const { file } = await opened(cwd);
  const changed = await file.change(withMode('enforce'));
  assert.ok(changed.ok);
  assert.equal(changed.value.config.firewall.enabled, true);
  assert.equal(await readFile(path, 'utf8'), '# ours\nfirewall:\n  enabled: true # not yet\n');
  const { mode, gid } = await stat(path);
  assert.equal(mode & 0o777, 0o640);
  if (ROOT) assert.equal(gid, 65534);
  assert.deepEqual(await readdir(join(cwd, 'var')), ['bartizan.yaml']);
  assert.equal(file.loaded.hash, changed.value.hash);
});

test('changes asked for together are written one after the other', async () => {
  const { cwd, path } = await fresh('');
  const { file } = await opened(cwd);
  const results = await Promise.all([
    file.change([{ path: 'hostname', value: 'a' }]),
    file.change([{ path: 'log.level', value: 'nonsense' }]),
    file.change([{ path: 'log.level', value: 'debug' }]),
  ]);
  assert.deepEqual(
    results.map(({ ok }) => ok),
    [true, false, true],
  );
  assert.equal(await readFile(path, 'utf8'), 'hostname: a\nlog:\n  level: debug\n');
});

test("another hand's edit is not written over", async () => {
  const { cwd, path } = await fresh('log: {}\n');
  const { file } = await opened(cwd);
  await writeFile(path, 'log: {} # mine\n');
  const changed = await file.change(withMode('enforce'));
  assert.ok(!changed.ok);
  assert.equal(changed.code, 'edited');
  assert.equal(await readFile(path, 'utf8'), 'log: {} # mine\n');
});

test('an edit while the new text is being written is not written over either', async () => {
  const { path } = await fresh('old\n');
  const like = { mode: 0o600, uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  const replaced = await replaceDurably(path, { ...like, bytes: new TextEncoder().encode('new\n') }, async () => {
    await writeFile(path, 'theirs\n');
    return false;
  });
  assert.equal(replaced, false);
  assert.equal(await readFile(path, 'utf8'), 'theirs\n');
  assert.deepEqual(await readdir(join(path, '..')), ['bartizan.yaml']);
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('what is put in place of the file keeps what it is given, over what it is said to be over, and no other', async () => {
  const { cwd, path } = await fresh('log: {}\n');
  const { file } = await opened(cwd);
  const disk = await file.look();
  assert.ok(disk.ok);
  const content = { ...disk.value, bytes: bytes('hostname: b\n'), mode: 0o640 };
  assert.ok((await file.put(content, [disk.value.hash])).ok);
  assert.equal((await stat(path)).mode & 0o777, 0o640);
  assert.ok((await file.put(content, [])).ok, 'it is there already');
  const other = await file.put({ ...content, bytes: bytes('hostname: c\n') }, [disk.value.hash]);
  assert.equal(other.ok ? '' : other.code, 'edited');
  await rm(path);
  assert.ok((await file.put(content, [])).ok, 'a file that is gone is made anew');
  assert.equal(await readFile(path, 'utf8'), 'hostname: b\n');
  assert.equal(file.loaded.text, 'log: {}\n', 'what is gone by is another matter');
});

test('a copy of the file stands beside it, like it', async () => {
  const { cwd, path } = await fresh('log: {}\n');
  const { file } = await opened(cwd);
  assert.deepEqual(await file.keepCopy('kept-1'), { ok: true, value: `${path}.kept-1` });
  assert.equal(await readFile(`${path}.kept-1`, 'utf8'), 'log: {}\n');
  assert.equal((await stat(`${path}.kept-1`)).mode & 0o777, 0o600);
});

test('while the file is held nothing is written, and live settings alone are in effect without a restart', async () => {
  const { cwd, path } = await fresh('');
  const { file } = await opened(cwd);
  file.hold('on trial');
  const held = await file.change([{ path: 'hostname', value: 'b' }]);
  assert.deepEqual([held.ok ? '' : held.code, await readFile(path, 'utf8')], ['held', '']);
  file.hold(undefined);
  const both = [
    { path: 'hostname', value: 'b' },
    { path: 'auto_response.dry_run', value: true },
  ];
  assert.ok((await file.change(both)).ok);
  assert.equal(file.loaded.config.hostname, 'b');
  assert.equal(file.inEffect.hostname, file.started.hostname);
  assert.equal(file.inEffect.auto_response.dry_run, true);
});

test('what a crash left aside does not stop a change', async () => {
  const { cwd, path } = await fresh('log: {}\n');
  await writeFile(`${path}.new`, 'half');
  const { file } = await opened(cwd);
  assert.ok((await file.change([{ path: 'hostname', value: 'b' }])).ok);
  assert.deepEqual(await readdir(join(cwd, 'var')), ['bartizan.yaml']);
});

test('a link to the config stays a link', async () => {
  const { cwd, path } = await fresh();
  const target = join(cwd, 'real.yaml');
  await writeFile(target, 'log: {}\n', { mode: 0o600 });
  await symlink(target, path);
  const { file } = await opened(cwd);
  assert.ok((await file.change([{ path: 'hostname', value: 'b' }])).ok);
  assert.equal(await readFile(target, 'utf8'), 'log: {}\nhostname: b\n');
  assert.ok((await lstat(path)).isSymbolicLink());
});

test('a config that others may write is refused', async () => {
  const { path } = await fresh('');
  await chmod(path, 0o620);
  const read = await readConfigFile(path, AROUND);
  assert.ok(!read.ok);
  assert.deepEqual([read.code, read.public], ['unsafe', `${path}: others than its owner may write it; chmod go-w it`]);
});

test('a config of another user is refused', { skip: !ROOT && 'needs root' }, async () => {
  const { path } = await fresh('');
  await chown(path, 65534, 65534);
  const read = await readConfigFile(path, AROUND);
  assert.ok(!read.ok);
  assert.equal(read.code, 'unsafe');
});

test('a directory or a FIFO is no config, and does not hang the start', async () => {
  const { cwd } = await fresh();
  const fifo = join(cwd, 'fifo');
  await promisify(execFile)('mkfifo', [fifo]);
  for (const path of [cwd, fifo]) {
    const read = await readConfigFile(path, AROUND);
    assert.ok(!read.ok);
    assert.match(read.public, /is not a regular file/);
  }
});

test('a full disk leaves the old file and says so', { skip: !ROOT && 'needs root' }, async () => {
  const cwd = await mkdtemp(join(root, 'full-'));
  await mkdir(join(cwd, 'var'));
  await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', join(cwd, 'var')]);
  try {
    const path = join(cwd, 'var/bartizan.yaml');
    await writeFile(path, `#${'x'.repeat(4000)}\n`, { mode: 0o600 });
    await writeFile(join(cwd, 'var/ballast'), 'x'.repeat(4096));
    const { file } = await opened(cwd);
    const changed = await file.change([{ path: 'hostname', value: 'b' }]);
    assert.ok(!changed.ok);
    assert.deepEqual([changed.code, changed.public], ['failed', `${path}: cannot be written (ENOSPC)`]);
    assert.equal((await readFile(path, 'utf8')).length, 4002);
    assert.deepEqual((await readdir(join(cwd, 'var'))).sort(), ['ballast', 'bartizan.yaml']);
  } finally {
    await promisify(execFile)('umount', [join(cwd, 'var')]);
  }
});
