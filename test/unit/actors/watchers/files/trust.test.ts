import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileStat } from '../../../../../actors/watchers/files/file-system.ts';
import { judgeTrust, type Step, writersOf } from '../../../../../actors/watchers/files/trust.ts';
import { millis } from '../../../../../core/base/time.ts';
import { FollowedFiles } from '../../../../support/followed-files.ts';

type Owner = readonly [uid: number, gid: number, mode: number];
const ROOTS: Owner = [0, 0, 0o755];

const stat = (kind: FileStat['kind'], [uid, gid, mode]: Owner): FileStat => ({
  kind,
  dev: '1',
  ino: '1',
  size: 0,
  links: 1,
  modifiedAt: millis(0),
  uid,
  gid,
  mode,
});

const directory = (path: string, owner: Owner = ROOTS): Step => ({ path, stat: stat('directory', owner) });
const link = (path: string, owner: Owner = [0, 0, 0o777]): Step => ({ path, stat: stat('symbolic link', owner) });
const file = (owner: Owner): Step => ({ path: '/log/a.log', stat: stat('file', owner) });

/** Each step inside the directory before it, as it is where links lead straight on. */
function placed(way: readonly Step[], last: Step): [readonly Step[], Step] {
  const steps: Step[] = [];
  const place = (step: Step): Step => {
    const inside = steps.findLast((one) => one.stat.kind === 'directory');
    return inside === undefined ? step : { ...step, inside };
  };
  for (const step of way) steps.push(place(step));
  return [steps, place(last)];
}

const names = { users: new Map([[33, 'www-data']]), groups: new Map([[4, 'adm']]) };
const root = directory('');

for (const [what, way, own, expected] of [
  ['root’s own', [root, directory('/log')], [0, 4, 0o640], 'may be written by root'],
  ['its owner', [root, directory('/log')], [33, 4, 0o400], 'may be written by root, user www-data'],
  ['its group', [root, directory('/log')], [0, 4, 0o660], 'root, group adm, and whom an access control list may name'],
  ['an unknown owner', [root, directory('/log')], [1234, 4, 0o640], 'root, user 1234'],
  ['anybody', [root, directory('/log')], [0, 4, 0o646], '/log/a.log may be written by anybody (mode 0646)'],
  ['the directory’s owner', [root, directory('/log', [33, 0, 0o700])], [0, 0, 0o600], 'root, user www-data'],
  ['the directory’s group', [root, directory('/log', [0, 4, 0o2775])], [0, 0, 0o600], 'root, group adm'],
  [
    'a directory of anybody’s',
    [root, directory('/log', [0, 0, 0o777])],
    [0, 0, 0o600],
    '/log lets anybody replace what is in it (mode 0777)',
  ],
  [
    'one further up',
    [root, directory('/srv', [0, 0, 0o777]), directory('/srv/log')],
    [0, 0, 0o600],
    '/srv lets anybody replace what is in it',
  ],
  ['a sticky one, root’s file', [root, directory('/tmp', [0, 0, 0o1777])], [0, 0, 0o600], 'may be written by root'],
  [
    'a sticky one, somebody’s file',
    [root, directory('/tmp', [0, 0, 0o1777])],
    [33, 0, 0o600],
    'anybody could have put /log/a.log into /tmp',
  ],
  [
    'a sticky one, somebody’s directory',
    [root, directory('/tmp', [0, 0, 0o1777]), directory('/tmp/x', [33, 0, 0o755])],
    [0, 0, 0o600],
    'anybody could have put /tmp/x into /tmp',
  ],
  ['a sticky one, its owner’s file', [root, directory('/log', [33, 0, 0o1777])], [33, 0, 0o600], 'root, user www-data'],
  [
    'a sticky one, somebody’s link',
    [root, directory('/tmp', [0, 0, 0o1777]), link('/tmp/l', [33, 33, 0o777]), directory('/log')],
    [0, 0, 0o600],
    'anybody could have put /tmp/l into /tmp',
  ],
  [
    'a link of root’s',
    [root, directory('/var'), link('/var/log'), directory('/log')],
    [0, 0, 0o600],
    'may be written by root',
  ],
  [
    'a sticky one of a group',
    [root, directory('/log', [0, 4, 0o1770])],
    [33, 0, 0o600],
    'root, user www-data, group adm',
  ],
] as const satisfies readonly (readonly [string, readonly Step[], Owner, string])[])
  test(`${what}: ${expected}`, () => {
    const { provenance, detail, warning } = judgeTrust(writersOf(...placed(way, file(own))), 'auto', names);
    const isAnybody = /anybody/.test(expected);
    assert.equal(provenance, isAnybody ? 'spoofable' : 'file');
    assert.ok((isAnybody ? warning : detail).includes(expected), `${detail} | ${warning}`);
    assert.equal(warning === '', !isAnybody);
  });

const open = writersOf(...placed([root, directory('/log')], file([0, 0, 0o666])));
const closed = writersOf(...placed([root, directory('/log')], file([0, 0, 0o600])));

for (const [setting, writers, provenance, detail] of [
  ['file', open, 'file', /trusted, as configured, though .* may be written by anybody/],
  ['file', closed, 'file', /^may be written by root$/],
  ['spoofable', closed, 'spoofable', /spoofable, as configured/],
] as const)
  test(`trust: ${setting} for a file of ${writers === open ? 'anybody' : 'root'}`, () => {
    const trust = judgeTrust(writers, setting, names);
    assert.deepEqual([trust.provenance, trust.warning], [provenance, '']);
    assert.match(trust.detail, detail);
  });

test('the lines of a file say what it is worth, and its component who may write to it', async () => {
  const files = new FollowedFiles(['/log/a.log', { path: '/log/b.log', trust: 'file' }]);
  for (const path of ['/log/a.log', '/log/b.log']) {
    files.fs.append(path, 'one\n');
    files.fs.own(path, { uid: 33, mode: 0o640 });
  }
  await files.start();
  await files.settle();
  const worth = (path: string): readonly string[] =>
    files.ledger.chunks
      .filter((chunk) => chunk.path === path && chunk.bytes.length > 0)
      .map((chunk) => chunk.provenance);
  assert.deepEqual(worth('/log/a.log'), ['file']);
  assert.deepEqual(
    [files.component().state, files.component().detail],
    ['ok', 'may be written by root, user www-data'],
  );
  for (const path of ['/log/a.log', '/log/b.log']) files.fs.own(path, { mode: 0o666 });
  await files.pass(2000);
  for (const path of ['/log/a.log', '/log/b.log']) files.fs.append(path, 'two\n');
  await files.settle();
  assert.deepEqual(
    [worth('/log/a.log'), worth('/log/b.log')],
    [
      ['file', 'spoofable'],
      ['file', 'file'],
    ],
  );
  assert.equal(files.component().state, 'degraded');
  assert.match(files.component().message ?? '', /may be written by anybody \(mode 0666\).*get nobody blocked/);
  assert.equal(files.component('/log/b.log').state, 'ok');
  files.fs.own('/log/a.log', { mode: 0o640 });
  await files.pass(2000);
  assert.equal(files.component().state, 'ok');
  await files.stop();
});

test('a directory that is opened to anybody is noticed within two minutes, without a change to the file', async () => {
  const files = new FollowedFiles(['/log/a.log']);
  files.fs.append('/log/a.log', 'one\n');
  await files.start();
  await files.settle();
  files.fs.own('/log', { mode: 0o777 });
  await files.pass(120_000, 2000);
  assert.match(files.component().message ?? '', /^\/log lets anybody replace what is in it/);
  await files.stop();
});

test('a link back up leads through the directories it lies in, not those it left', async () => {
  const files = new FollowedFiles(['/log/deep/a.log']);
  files.fs.mkdir('/log/deep');
  files.fs.own('/log/deep', { mode: 0o1777 });
  files.fs.mkdir('/data');
  files.fs.append('/data/a.log', 'one\n');
  files.fs.own('/data/a.log', { uid: 33 });
  files.fs.symlink('/data/a.log', '/log/deep/a.log');
  await files.start();
  await files.settle();
  const { state, detail } = files.component('/log/deep/a.log');
  assert.deepEqual([state, detail], ['ok', 'may be written by root, user www-data']);
  await files.stop();
});

test('every link on the way counts, and so does where it leads through', async () => {
  const files = new FollowedFiles(['/var/log/a.log']);
  files.fs.mkdir('/data');
  files.fs.mkdir('/data/open');
  files.fs.mkdir('/data/open/x');
  files.fs.mkdir('/var');
  files.fs.append('/data/open/x/a.log', 'one\n');
  files.fs.own('/data/open', { mode: 0o777 });
  files.fs.symlink('/data/middle', '/var/log');
  files.fs.symlink('open/x', '/data/middle');
  await files.start();
  await files.settle();
  assert.match(files.component('/var/log/a.log').message ?? '', /^\/data\/open lets anybody/);
  await files.stop();
});
