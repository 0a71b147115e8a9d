/** What systemd says of the unit files, without starting any: https://www.freedesktop.org/software/systemd/man/systemd-analyze.html */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { DOORS, NET_HAND_DOOR, PACKETS_DOOR } from '../../core/base/doors.ts';
import { PAPERS } from '../../image/tree/papers.ts';
import { ROOT } from '../support/root.ts';
import { EXPOSURE, fileOf, foldersOfTheDaemon, presets, programsOf, UNITS, unitsOf } from '../support/units.ts';

const analyze = (...words: readonly string[]) =>
  spawnSync('systemd-analyze', ['--no-pager', ...words], { encoding: 'utf8' });
const skip = analyze('--version').status === 0 ? false : 'systemd-analyze is not installed';

const INSTALLED = '/usr/lib/bartizan/';
/** Of systemd, which units order themselves by. */
const ITS_OWN = [
  'sysinit',
  'basic',
  'network',
  'network-online',
  'network-pre',
  'shutdown',
  'sockets',
  'paths',
  'timers',
  'multi-user',
  'local-fs',
];

describe('exposure', { skip }, () => {
  test('is declared for each service, and for nothing else', () => {
    assert.deepEqual(Object.keys(EXPOSURE).sort(), unitsOf('service'));
  });

  for (const [unit, most] of Object.entries(EXPOSURE)) {
    test(`of ${unit} is ${most} at most`, () => {
      const { stdout, stderr } = analyze('security', '--offline=true', join(UNITS, unit));
      const level = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1];
      const open = stdout.split('\n').filter((line) => line.startsWith('✗'));
      assert.ok(level !== undefined, stderr);
      assert.ok(Number(level) <= most, `${level}:\n${open.join('\n')}`);
      assert.equal(stderr, '');
    });
  }

  test('is more than that where a restriction is missing', () => {
    using folder = scratch();
    writeFileSync(join(folder.path, 'bartizan.service'), '[Service]\nUser=bartizan\nExecStart=/bin/true\n');
    const { stdout } = analyze('security', '--offline=true', join(folder.path, 'bartizan.service'));
    assert.ok(Number(/level for \S+: ([\d.]+)/.exec(stdout)?.[1]) > 8, stdout);
  });
});

const DOCUMENTATION = 'Documentation=file:/usr/lib/bartizan/';

describe('documentation', () => {
  for (const unit of unitsOf())
    test(`of ${unit} is named, and installed with it`, () => {
      const lines = readFileSync(join(UNITS, unit), 'utf8').split('\n');
      const named = lines.filter((line) => line.startsWith('Documentation='));
      assert.ok(named.length > 0);
      for (const line of named) {
        assert.ok(line.startsWith(DOCUMENTATION), line);
        assert.ok(PAPERS.includes(line.slice(DOCUMENTATION.length)), line);
      }
    });

  test('is in the checkout, as plain Markdown', () => {
    for (const paper of PAPERS) assert.ok(paper.endsWith('.md') && statSync(join(ROOT, paper)).size < 16_384, paper);
  });
});

describe('verification', { skip }, () => {
  test('finds no fault in any unit, with the programs where the units have them', () => {
    using root = installed();
    const { stdout, stderr, status } = verified(root.path);
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
  });

  for (const [what, line, words] of [
    ['a key that does not exist', '[Service]\nFoo=bar\n', /Unknown key.*Foo/],
    ['a value that does not exist', '[Service]\nProtectSystem=rather\n', /Failed to parse protect system value/],
    [
      'a program that is not there',
      '[Service]\nExecStartPost=/usr/lib/bartizan/nowhere\n',
      /nowhere is not executable/,
    ],
  ] as const) {
    test(`finds ${what}`, () => {
      using root = installed();
      const folder = join(root.path, 'usr/lib/systemd/system/bartizan.service.d');
      mkdirSync(folder);
      writeFileSync(join(folder, 'fault.conf'), line);
      assert.match(verified(root.path).stderr, words);
    });
  }

  test('each unit that is enabled exists, and says by whom it is wanted', () => {
    for (const unit of presets()) {
      assert.ok(unitsOf().includes(fileOf(unit)), unit);
      assert.match(readFileSync(join(UNITS, fileOf(unit)), 'utf8'), /^\[Install\]\n(?:\w+=.*\n)*WantedBy=/m, unit);
    }
  });
});

describe('doors', () => {
  const listening = unitsOf('socket').flatMap((unit) =>
    [...readFileSync(join(UNITS, unit), 'utf8').matchAll(/^Listen\w+=(.*)$/gm)].map(([, path = '']) => path),
  );

  test('are where the program looks for them', () => {
    assert.deepEqual(listening, [NET_HAND_DOOR, PACKETS_DOOR]);
  });

  // Who owns the folder could put a link in a socket's place, and root would give away what it leads to.
  test('lie in a folder of root, and below none that is given to the daemon', () => {
    const daemons = foldersOfTheDaemon();
    assert.ok(daemons.includes('/run/bartizan') && daemons.includes('/var/lib/bartizan'), daemons.join());
    for (const path of listening) {
      assert.equal(dirname(path), DOORS);
      assert.deepEqual(
        daemons.filter((folder) => path.startsWith(`${folder}/`)),
        [],
      );
    }
    const tmpfiles = readFileSync(join(UNITS, 'bartizan.tmpfiles'), 'utf8');
    assert.match(tmpfiles, new RegExp(`^d +${DOORS} +0755 +root +root$`, 'm'));
  });
});

function scratch() {
  const path = mkdtempSync(join(tmpdir(), 'bz-units-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** A root that holds the units, what they name, and the units of systemd that they name. */
function installed() {
  const root = scratch();
  const folder = join(root.path, 'usr/lib/systemd/system');
  mkdirSync(folder, { recursive: true });
  mkdirSync(join(root.path, 'etc'));
  for (const target of ITS_OWN) writeFileSync(join(folder, `${target}.target`), '[Unit]\nDescription=its own\n');
  for (const unit of unitsOf()) copyFileSync(join(UNITS, unit), join(folder, unit));
  for (const program of unitsOf('service').flatMap(programsOf)) {
    const there = join(root.path, program);
    mkdirSync(dirname(there), { recursive: true });
    writeFileSync(there, '');
    chmodSync(there, 0o755);
    if (!program.startsWith(INSTALLED) || program === `${INSTALLED}node`) continue;
    const here = join(ROOT, program.slice(INSTALLED.length));
    assert.ok(existsSync(here), `${program} is not in the checkout`);
    assert.ok((statSync(here).mode & 0o111) !== 0, `${here} is not executable`);
  }
  return root;
}

const verified = (root: string) =>
  analyze(
    'verify',
    '--man=no',
    `--root=${root}`,
    ...unitsOf().map((unit) => join(root, 'usr/lib/systemd/system', unit.replace('@.', '@tried.'))),
  );
