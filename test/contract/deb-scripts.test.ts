/** The maintainer scripts of the package, run by themselves; what they do on a machine is in `system/deb.test.ts`. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { filledIn } from '../../image/deb/control.ts';
import { ROOT } from '../support/root.ts';

const WORDS = { version: '2.0.0', units: 'a b', installable: 'a b', running: 'a b', started: 'a' };
const scriptOf = (name: string): string => filledIn(readFileSync(join(ROOT, 'image/deb', name), 'utf8'), WORDS);
const noDpkg = spawnSync('dpkg', ['--version']).status === 0 ? false : 'dpkg is not here';

for (const name of ['preinst', 'postinst', 'prerm', 'postrm'])
  test(`${name} is plain POSIX sh and knows what it is called with`, () => {
    const script = scriptOf(name);
    assert.match(script, /^#!\/bin\/sh\n(?:# .*\n)+set -e\n/);
    assert.equal(spawnSync('dash', ['-n'], { input: script }).status, 0);
    const unknown = spawnSync('dash', ['-c', script, name, 'dance'], { encoding: 'utf8' });
    assert.equal(unknown.status, 1);
    assert.equal(unknown.stderr, `bartizan: ${name} called with dance\n`);
  });

for (const [action, of, wish, code] of [
  ['install', '', '', 0],
  ['install', '1.9.9', '', 0],
  ['upgrade', '2.0.0', '', 0],
  ['upgrade', '2.0.0~rc.1', '', 0],
  ['upgrade', '2.0.1', '', 1],
  ['install', '2.0.1', '', 1],
  ['upgrade', '2.0.1', 'yes', 0],
  ['abort-upgrade', '2.0.1', '', 0],
] as const)
  test(`${action} from ${of || 'nothing'}${wish && ', wished for,'} is ${code === 0 ? 'taken' : 'refused'} by 2.0.0`, {
    skip: noDpkg,
  }, () => {
    const env = { PATH: process.env['PATH'], BARTIZAN_DOWNGRADE: wish };
    assert.equal(spawnSync('dash', ['-c', scriptOf('preinst'), 'preinst', action, of], { env }).status, code);
  });
