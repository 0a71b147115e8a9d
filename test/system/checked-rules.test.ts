/** What a daemon that was taken over leaves for a boot and for the reverter: the kernel stays as it was. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { NetworkNamespace, namespacesUnavailable } from '../support/network-namespace.ts';
import { SEED, seeded } from '../support/random.ts';
import { ROOT } from '../support/root.ts';
import { soundRules } from '../support/rules-oracle.ts';
import { JUDGING, textsOf } from '../support/rules-texts.ts';
import { writeTrial } from '../support/trial-directory.ts';

const FOREIGN =
  'table inet other { chain input { type filter hook input priority 0; policy accept; tcp dport 1 drop; }; }';
const NOBODY = 65_534;
const OWN = '192.0.2.5';
const ID = '019ac0de-0000-8000-8000-00000000000a';
const WITH = textsOf(JUDGING);
const OTHER = textsOf({ infra: ['192.0.2.0/24'], denied: [] });
const MUTANTS = Number(process.env['BARTIZAN_MUTANTS'] ?? 120);

describe('files of a daemon that was taken over', { skip: namespacesUnavailable() }, () => {
  let space: NetworkNamespace;
  let folder: string;
  let state: string;
  let floor: string;
  before(() => {
    space = new NetworkNamespace('checked');
    space.ip('addr', 'add', `${OWN}/24`, 'dev', 'lo');
    folder = mkdtempSync(join(tmpdir(), 'bartizan-checked-'));
    floor = join(folder, 'floor');
    writeFileSync(floor, '192.0.2.0/24\n', { mode: 0o644 });
    // Whoever the state belongs to, it is found.
    execFileSync('chmod', ['755', folder]);
  });
  after(() => {
    space?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    state = mkdtempSync(join(folder, 'state-'));
    mkdirSync(join(state, 'firewall'));
    load(`flush ruleset\n${FOREIGN}\n`);
  });

  const load = (text: string) => space.exec('nft', ['-f', '-'], text);
  const kernel = () => space.exec('nft', ['list', 'ruleset']);
  const file = (name: string) => join(state, 'firewall', name);
  const run = (script: string, ...words: readonly string[]) =>
    spawnSync('ip', ['netns', 'exec', space.name, 'sh', join(ROOT, 'systemd', script), ...words], {
      encoding: 'utf8',
      env: { ...process.env, BARTIZAN_FLOOR: floor },
      timeout: 30_000,
    });
  const early = () => run('early', state);
  const give = (uid: number) => execFileSync('chown', ['-R', `${uid}:${uid}`, state]);

  for (const [what, put, why] of [
    ['the ruleset flushed', () => writeFileSync(file('confirmed.nft'), `${WITH.whole}flush ruleset\n`), /is no order/],
    [
      'another table',
      () => writeFileSync(file('confirmed.nft'), `${WITH.whole}delete table inet other\n`),
      /is no order that Bartizan gives/,
    ],
    [
      'a drop ahead of the floor',
      () => writeFileSync(file('confirmed.nft'), textsOf({ infra: [], denied: ['0.0.0.0/0'] }).whole),
      /ahead of letting the whole floor in/,
    ],
    [
      'a link',
      () => {
        writeFileSync(file('elsewhere'), WITH.whole);
        symlinkSync(file('elsewhere'), file('confirmed.nft'));
      },
      /is a symbolic link/,
    ],
    ['a pipe', () => execFileSync('mkfifo', [file('confirmed.nft')]), /is no regular file/],
    ['a device', () => execFileSync('mknod', [file('confirmed.nft'), 'c', '1', '5']), /is no regular file/],
    [
      '9 MB',
      () => writeFileSync(file('confirmed.nft'), WITH.whole + '#\n'.repeat(4_500_000)),
      /more than 8388608 bytes/,
    ],
  ] as const)
    test(`nothing is loaded at a boot of: ${what}`, () => {
      load(OTHER.whole);
      const stood = kernel();
      put();
      const { status, stderr } = early();
      assert.equal(status, 1);
      assert.match(stderr, why);
      assert.match(stderr, /no rules were loaded/);
      assert.equal(kernel(), stood);
    });

  test('of the account, as of the service, no other table is loaded; the own one is', () => {
    const other = WITH.whole.replaceAll('inet bartizan', 'inet other');
    writeFileSync(file('confirmed.nft'), other);
    give(NOBODY);
    const stood = kernel();
    const refused = early();
    assert.match(refused.stderr, /line 2: is no order/);
    assert.deepEqual([refused.status, kernel()], [1, stood]);
    writeFileSync(file('confirmed.nft'), WITH.whole);
    chownSync(file('confirmed.nft'), NOBODY, NOBODY);
    assert.deepEqual([early().status, kernel().includes('table inet bartizan')], [0, true]);
  });

  test('blocks of the floor, of loopback and of own addresses are left out, which is said; the others stand', () => {
    writeFileSync(floor, '');
    writeFileSync(file('confirmed.nft'), WITH.whole);
    const kept = ['203.0.113.9', '2001:db8:5::9'];
    const all = [OWN, '127.0.0.1', '::1', 'fe80::7', ...kept];
    const lines = all.map((ip) => `blocked${ip.includes(':') ? 6 : 4} ${ip} never ${ID}\n`);
    writeFileSync(file('blocks'), lines.join(''));
    const { status, stderr } = early();
    writeFileSync(floor, '192.0.2.0/24\n');
    assert.equal(status, 0);
    assert.match(stderr, /left 4 blocks out/);
    const listed = ['blocked4', 'blocked6'].map((set) => space.exec('nft', ['list', 'set', 'inet', 'bartizan', set]));
    assert.deepEqual(listed.join().match(/[0-9a-f.:]+(?= comment)/g), kept);
  });

  for (const [what, put] of [
    ['a link', () => symlinkSync('/etc/passwd', file('blocks'))],
    ['a pipe', () => execFileSync('mkfifo', [file('blocks')])],
  ] as const)
    test(`the rules stand without blocks that are ${what}`, () => {
      writeFileSync(file('confirmed.nft'), WITH.whole);
      put();
      const { status, stderr } = early();
      assert.equal(status, 1);
      assert.match(stderr, /the blocks were refused; the rules stand without them/);
      assert.match(kernel(), /table inet bartizan/);
    });

  test('a revert takes no hostile rules, but those that were confirmed; without these it leaves the kernel and waits', () => {
    const hostile = `${WITH.rules}delete table inet other\n`;
    writeFileSync(file('confirmed.nft'), OTHER.whole);
    writeTrial(state, { ruleset: hostile });
    const { status, stderr } = run('revert', '--now', state);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /ruleset\.nft is refused: line \d+: is no order/);
    assert.match(kernel(), /table inet other[\s\S]*table inet bartizan/);
    assert.doesNotMatch(kernel(), /chain host/);

    const stood = kernel();
    const pending = writeTrial(state, { ruleset: hostile });
    writeFileSync(file('confirmed.nft'), `${OTHER.whole}flush ruleset\n`);
    const again = run('revert', '--now', state);
    assert.equal(again.status, 1);
    assert.match(again.stderr, /the rules could not be put back/);
    assert.equal(kernel(), stood);
    assert.ok(readFileSync(join(pending, 'verdict'), 'utf8').includes('result=reverted'), 'the next call goes on');
  });

  test('a chain at another hook leads to nothing that a revert fills: the table is made anew', () => {
    const led = 'chain further { type filter hook forward priority 0; policy accept; goto drop_x; }';
    load(`table inet bartizan { chain drop_x { }; ${led}; }`);
    const rules = WITH.rules
      .replace('  chain guard {', '  chain drop_x {\n  }\n  chain guard {')
      .replace('flush chain', 'flush chain inet bartizan drop_x\nflush chain')
      .replace(/(flush set[\s\S]*) {2}chain guard/, '$1  chain drop_x {\n    drop\n  }\n  chain guard');
    writeFileSync(file('confirmed.nft'), OTHER.whole);
    writeTrial(state, { ruleset: rules });
    assert.equal(run('checked', 'rules', join(state, 'change/pending/ruleset.nft')).status, 0);
    const { status, stderr } = run('revert', '--now', state);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /chains at other hooks/);
    assert.match(kernel(), /chain guard/);
    assert.doesNotMatch(kernel(), /drop_x|forward/);
  });

  for (const kind of ['whole', 'rules'] as const)
    test(`a line changed at random is refused, or cuts nobody of the floor and touches no other table: ${kind}`, (t) => {
      const random = seeded();
      const below = (n: number) => Math.floor(random() * n);
      const others = load(`flush ruleset\n${FOREIGN}\n`) + kernel();
      let accepted = 0;
      for (let i = 0; i < MUTANTS; i++) {
        const text = mutant(WITH[kind], below);
        writeFileSync(file('text'), text);
        const checked = run('checked', kind, file('text'));
        if (checked.status !== 0) {
          assert.equal(checked.stdout, '');
          assert.match(checked.stderr, /is refused: \S/);
          continue;
        }
        load(`flush ruleset\n${FOREIGN}\n${kind === 'whole' ? '' : WITH.whole}`);
        const loaded = spawnSync('ip', ['netns', 'exec', space.name, 'nft', '-f', '-'], { input: checked.stdout });
        if (loaded.status !== 0) continue;
        accepted++;
        const told = space.exec('nft', ['-j', 'list', 'ruleset']);
        assert.equal(soundRules(told, ['192.0.2.0/24', 'fe80::/10', '::']), undefined, `seed ${SEED}\n${text}`);
        assert.ok(kernel().startsWith(others.trim()), text);
      }
      t.diagnostic(`${accepted} of ${MUTANTS} were loaded`);
      assert.ok(accepted < MUTANTS);
    });
});

const FRAGMENTS = [
  'flush ruleset',
  'drop',
  'accept',
  'counter',
  'table inet other',
  '}',
  '{',
  ';',
  '#',
  '"',
  '/0',
  '!=',
  'return',
  'log',
];

/** One edit, of a line or within it, or two. */
function mutant(text: string, below: (n: number) => number): string {
  const lines = text.split('\n');
  for (let edits = 1 + below(2); edits > 0; edits--) {
    const [at, other] = [below(lines.length), below(lines.length)];
    const line = lines[at] ?? '';
    const fragment = FRAGMENTS[below(FRAGMENTS.length)] ?? '';
    const place = below(line.length + 1);
    switch (below(7)) {
      case 0:
        lines.splice(at, 1);
        break;
      case 1:
        lines.splice(at, 0, line);
        break;
      case 2:
        lines.splice(at, 0, lines[other] ?? '');
        break;
      case 3:
        [lines[at], lines[other]] = [lines[other] ?? '', line];
        break;
      case 4:
        lines[at] = `${line.slice(0, place)}${fragment}${line.slice(place)}`;
        break;
      case 5:
        lines[at] = line.slice(0, place) + line.slice(place + 1 + below(4));
        break;
      default:
        lines[at] = line.slice(0, place) + String.fromCharCode(32 + below(95)) + line.slice(place + 1);
    }
  }
  return lines.join('\n');
}
