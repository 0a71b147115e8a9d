/** What stands between files of the daemon's and `nft -f` while the net hand does not run: systemd/checked. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { OPEN } from '../../actors/firewall/content.ts';
import { noTableText } from '../../actors/firewall/ruleset-text.ts';
import { fc } from '../support/random.ts';
import { ROOT } from '../support/root.ts';
import { JUDGING, texts, textsOf } from '../support/rules-texts.ts';

const CHECKED = join(ROOT, 'systemd/checked');
const ID = '019ac0de-0000-8000-8000-00000000000a';
const isRoot = process.getuid?.() === 0;

let folder: string;
let floor: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'bartizan-checked-'));
  floor = join(folder, 'floor');
});
after(() => rmSync(folder, { recursive: true, force: true }));

const run = (kind: string, file: string, env: Readonly<Record<string, string>> = {}, more: readonly string[] = []) =>
  spawnSync('sh', [CHECKED, kind, file, ...more], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], BARTIZAN_FLOOR: floor, BARTIZAN_TABLE: 'bartizan', ...env },
    maxBuffer: 1 << 28,
    timeout: 60_000,
  });

function check(kind: string, text: string, env: Readonly<Record<string, string>> = {}) {
  const file = join(folder, 'text');
  writeFileSync(file, text);
  return run(kind, file, env, kind === 'blocks' ? ['bartizan'] : []);
}

function assertRefused({ status, stdout, stderr }: ReturnType<typeof run>, why: RegExp): void {
  assert.match(stderr, why);
  assert.deepEqual([status, stdout], [1, ''], 'nothing is handed on');
}

const WITH = textsOf(JUDGING);
/** A text with one line in the place of another, or of a part of one. */
const changed = (text: string, from: string | RegExp, to: string): string => {
  const made = text.replace(from, to);
  assert.notEqual(made, text, `${from}`);
  return made;
};

test('what the product writes is handed on as it is, whatever is set', () => {
  fc.assert(
    fc.property(texts, ({ whole, rules }) => {
      for (const [kind, text] of [
        ['whole', whole],
        ['rules', rules],
      ] as const) {
        const { status, stdout, stderr } = check(kind, text);
        assert.deepEqual([status, stderr], [0, '']);
        assert.equal(stdout, text);
      }
    }),
    { numRuns: 40 },
  );
});

for (const [what, text] of [
  ['everything at once', WITH.rules],
  ['everybody is let in', textsOf(OPEN).rules],
  ['there is no table', noTableText('bartizan')],
] as const)
  test(`what puts the rules back is handed on: ${what}`, () => {
    const { status, stdout, stderr } = check('rules', text);
    assert.deepEqual([status, stdout, stderr], [0, text, '']);
  });

test('10,000 networks of either kind are handed on', () => {
  const infra = Array.from({ length: 10_000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/25`);
  const denied = Array.from({ length: 10_000 }, (_, i) => `2001:db8:${i.toString(16)}::/49`);
  const { whole } = textsOf({ infra, denied });
  assert.equal(check('whole', whole).stdout, whole);
});

const LO = '    iifname "lo" accept\n';
const DROP4 = '    ip saddr @blocked4 counter name "blocked4" drop\n';
const INFRA4 = /^ {4}ip saddr @infra4_\w+ accept\n/m;
const HOOK = 'hook prerouting priority -190';
const END = /\}\n$/;

const HOSTILE: Readonly<Record<string, readonly [text: string, why: RegExp]>> = {
  'nothing at all': ['', /is empty/],
  'another table': [WITH.whole.replaceAll('inet bartizan', 'inet filter'), /line 2: is no order/],
  'another family': [WITH.whole.replaceAll('table inet', 'table ip'), /line 2: is no order/],
  'another table beside': [changed(WITH.whole, END, '}\ntable inet filter {\n}\n'), /is no order/],
  'another table deleted': [changed(WITH.whole, END, '}\ndelete table inet filter\n'), /is no order/],
  'flush ruleset': [changed(WITH.whole, END, '}\nflush ruleset\n'), /is no order/],
  'flush ruleset ahead': [changed(WITH.whole, 'table inet', 'flush ruleset\ntable inet'), /line 2: is no order/],
  'two orders on a line': [
    changed(WITH.whole, 'table inet bartizan\n', 'table inet bartizan; flush ruleset\n'),
    /line 2/,
  ],
  include: [changed(WITH.whole, END, '}\ninclude "/etc/shadow"\n'), /is no order/],
  'include in the table': [
    changed(WITH.whole, '  set ', '  include "/etc/shadow"\n  set '),
    /nothing of Bartizan's table/,
  ],
  define: [changed(WITH.whole, 'table', 'define x = 1\ntable'), /line 2: is no order/],
  'an element out of the table': [
    changed(WITH.whole, END, '}\nadd element inet bartizan blocked4 { 192.0.2.1 }\n'),
    /is no order/,
  ],
  'another priority': [changed(WITH.whole, HOOK, 'hook prerouting priority -400'), /no hook of Bartizan's/],
  'a priority by name': [changed(WITH.whole, HOOK, 'hook prerouting priority raw'), /no hook of Bartizan's/],
  'another hook': [changed(WITH.whole, HOOK, 'hook forward priority -190'), /no hook of Bartizan's/],
  'another type': [changed(WITH.whole, 'type filter hook pre', 'type nat hook pre'), /no hook of Bartizan's/],
  'a policy that drops': [changed(WITH.whole, 'policy accept', 'policy drop'), /no hook of Bartizan's/],
  'another chain at a hook': [
    changed(
      WITH.whole,
      '  chain guard',
      `  chain early {\n    type filter ${HOOK}; policy accept;\n    accept\n  }\n  chain guard`,
    ),
    /no hook of Bartizan's/,
  ],
  'a chain without its hook': [changed(WITH.whole, / {4}type filter hook pre.*\n/, ''), /must have its hook/],
  'a flow table': [changed(WITH.whole, '  set ', '  flowtable f {\n  }\n  set '), /nothing of Bartizan's table/],
  'a set that runs rules': [changed(WITH.whole, '  set allowed4', '  map m {\n  }\n  set allowed4'), /nothing of/],
  'a drop ahead of lo': [changed(WITH.whole, LO, `${DROP4}${LO}`), /can drop ahead of letting lo in/],
  'lo left out': [changed(WITH.whole, LO, ''), /can drop ahead of letting lo in/],
  'lo under a condition': [changed(WITH.whole, LO, '    iifname "lo" tcp dport 1 accept\n'), /ahead of letting lo in/],
  'allowed left out': [changed(WITH.whole, '    ip saddr @allowed4 accept\n', ''), /ahead of letting allowed4 in/],
  'allowed as a destination': [
    changed(WITH.whole, '    ip saddr @allowed4 accept\n', '    ip daddr @allowed4 accept\n'),
    /ahead of letting allowed4 in/,
  ],
  'neighbours of the link not let in': [
    changed(WITH.whole, 'fe80::/10', 'fe80::/11'),
    /ahead of letting the whole floor/,
  ],
  'all dropped': [changed(WITH.whole, LO, '    drop\n'), /ahead of letting lo in/],
  'all led away': [changed(WITH.whole, LO, '    goto drop_syn_flood\n'), /ahead of letting lo in/],
  'the host chain without lo': [
    changed(WITH.whole, /(hook input[^\n]*\n) {4}iifname "lo" accept\n/, '$1'),
    /ahead of letting lo in/,
  ],
  jump: [changed(WITH.whole, 'goto drop_syn_flood', 'jump drop_syn_flood'), /no rule of Bartizan's/],
  ...Object.fromEntries(
    [
      'counter accept',
      'log accept',
      'log prefix "x" accept',
      'queue num 0',
      'queue to 0-3 bypass',
      'dup to 192.0.2.9 device "eth0"',
      'fwd to "eth0"',
      'tproxy to :80 accept',
      'meta mark set 1 accept',
      'ct state new notrack',
      'snat to 192.0.2.9',
      'redirect to :80',
      'masquerade',
      'reject',
      'ip saddr 192.0.2.1 drop',
      'ip saddr @blocked4 ip ttl set 1',
      'tcp dport 22 drop; drop',
      'accept # drop',
      'iifname "lo" accept }',
      'vmap @x',
      'quota over 1 bytes drop',
      'synproxy mss 1460',
      'set update ip saddr @allowed4',
      'add @allowed4 { ip saddr }',
      'jump host',
      'return',
    ].map((rule) => [
      `the rule ${rule}`,
      [changed(WITH.whole, DROP4, `${DROP4}    ${rule}\n`), /no rule of Bartizan's/] as const,
    ]),
  ),
  'a log of another name': [
    changed(WITH.whole, 'log prefix "bartizan-drop', 'log prefix "sshd'),
    /no rule of Bartizan's/,
  ],
  'a block that stands in the text': [
    changed(
      WITH.whole,
      / {2}set blocked4 \{\n(( {4}.*\n)*)/,
      '  set blocked4 {\n$1    elements = {\n      192.0.2.1,\n    }\n',
    ),
    /of this kind begins empty/,
  ],
  'a comment': [changed(WITH.whole, '      10.0.0.0/8,', '      10.0.0.0/8 comment "x",'), /no element of this set/],
  'an element with a timeout': [changed(WITH.whole, '      10.0.0.0/8,', '      10.0.0.0/8 timeout 1s,'), /no element/],
  'an address that nft reads as octal': [changed(WITH.whole, '10.0.0.0/8', '012.0.0.0/8'), /no address or network/],
  'a name for an address': [changed(WITH.whole, '10.0.0.0/8', 'localhost'), /no element of this set/],
  'a set without end': [changed(WITH.whole, '    size 500000', '    size 500000000'), /says of a set/],
  'a set that takes its memory at once': [changed(WITH.whole, '    size 16384', '    size 16000000'), /too large/],
  'a set whose elements expire at once': [
    changed(WITH.whole, '    flags interval\n', '    flags interval\n    timeout 1s\n'),
    /says of a set/,
  ],
  'a line that goes on': [changed(WITH.whole, LO, `    iifname "lo" \\\n    accept\n`), /no rule of Bartizan's/],
  'a line too long': [changed(WITH.whole, LO, `${LO}    # ${'x'.repeat(2000)}\n`), /is too long/],
  'a comment with something else behind it': [changed(WITH.whole, LO, '    iifname "lo" accept\r\n'), /no rule of/],
  'half of it': [WITH.whole.slice(0, WITH.whole.length / 2), /ends in the midst|is no |says of/],
  'the table twice': [
    WITH.whole + WITH.whole.slice(WITH.whole.indexOf('\n') + 1),
    /make the table anew|is there twice/,
  ],
  'a namespace that is a path': [textsOf(JUDGING, undefined, 1000, '../../proc/1/ns/net').whole, /is no namespace/],
  'no table, at a boot': [noTableText('bartizan'), /does not make the table anew/],
};

for (const [what, [text, why]] of Object.entries(HOSTILE))
  test(`refused, with the reason: ${what}`, () => assertRefused(check('whole', text), why));

for (const [what, text, why] of [
  [
    'a chain that is not emptied',
    changed(WITH.rules, 'flush chain inet bartizan guard\n', ''),
    /chain was not emptied/,
  ],
  [
    'a chain of others',
    changed(WITH.rules, 'flush chain inet bartizan host', 'flush chain inet filter input'),
    /no order/,
  ],
  ['a set that is not emptied', changed(WITH.rules, /flush set inet bartizan infra4_\w+\n/, ''), /set was not emptied/],
  [
    'rules ahead of the emptying',
    changed(WITH.rules, '; policy accept;\n', '; policy accept;\n    accept\n'),
    /only named/,
  ],
  ['infra that is not let in', changed(WITH.rules, INFRA4, '').replaceAll('fe80::/10', 'fe80::/12'), /whole floor/],
  [
    'a chain alone, to which one that stands may lead',
    [
      '#!/usr/sbin/nft -f',
      'table inet bartizan {',
      '  chain trial_guard {',
      '  }',
      '}',
      'flush chain inet bartizan trial_guard',
      'delete set inet bartizan trial',
      'table inet bartizan {',
      '  chain trial_guard {',
      '    drop',
      '  }',
      '}',
      '',
    ].join('\n'),
    /does not empty the chain (guard|host)/,
  ],
  ['a table that is made anew', WITH.whole, /the set was not emptied/],
] as const)
  test(`refused, with the reason, where rules are put back: ${what}`, () => assertRefused(check('rules', text), why));

describe('the floor', () => {
  const text = textsOf({ infra: ['192.0.2.0/24', '2001:db8::/32'], denied: ['0.0.0.0/0'] }).whole;
  const put = (words: string, mode = 0o644) => {
    rmSync(floor, { force: true });
    writeFileSync(floor, words);
    chmodSync(floor, mode);
  };
  after(() => rmSync(floor, { force: true }));

  // What belongs to another is no floor: only root's tests can make one.
  const skip = isRoot ? false : 'needs root';

  test('that is in infra is sound, as a part of a wider network too', { skip }, () => {
    put('# ours\n192.0.2.7\n192.0.2.128/25 # more\n2001:db8:1::/48\n\n');
    assert.equal(check('whole', text).stderr, '');
  });
  for (const missing of ['198.51.100.1', '192.0.0.0/16', '2001:db9::1', '::/0'])
    test(`that is not all in infra is not let in ahead: ${missing}`, { skip }, () => {
      put(`${missing}\n`);
      assertRefused(check('whole', text), /can drop ahead of letting the whole floor in/);
    });
  test('of nonsense, or that others may write, is none to go by', { skip }, () => {
    put('nonsense\n');
    assertRefused(check('whole', text), /floor:1: not an address or a network/);
    put('', 0o666);
    assertRefused(check('whole', text), /is no file of root's/);
  });
});

describe('what is no file of a bounded size', () => {
  const place = (name: string) => join(folder, name);
  test('a link', () => {
    writeFileSync(place('sound'), WITH.whole);
    symlinkSync(place('sound'), place('link'));
    assertRefused(run('whole', place('link')), /is a symbolic link/);
    symlinkSync(place('nowhere'), place('dangling'));
    assertRefused(run('whole', place('dangling')), /is a symbolic link/);
  });
  test('a file in a folder that is a link', () => {
    mkdirSync(place('folder'));
    renameSync(place('sound'), place('folder/sound'));
    symlinkSync(place('folder'), place('alias'));
    assertRefused(run('whole', place('alias/sound')), /folder is a symbolic link/);
  });
  test('a pipe, without waiting for anybody', () => {
    execFileSync('mkfifo', [place('pipe')]);
    assertRefused(run('whole', place('pipe')), /is no regular file/);
  });
  test('a device', { skip: isRoot ? false : 'needs root' }, () => {
    execFileSync('mknod', [place('device'), 'c', '1', '5']);
    assertRefused(run('whole', place('device')), /is no regular file/);
  });
  test('a folder, and nothing', () => {
    assertRefused(run('whole', folder), /is no regular file/);
    assertRefused(run('whole', place('absent')), /is no regular file/);
  });
  test('too much', () => {
    assertRefused(check('whole', `${WITH.whole}${'#\n'.repeat(5_000_000)}`), /has more than 8388608 bytes/);
  });
});

test('the table is the one that root says, and of root himself any one', {
  skip: isRoot ? false : 'needs root',
}, () => {
  const other = WITH.whole.replaceAll('inet bartizan', 'inet edge');
  assert.equal(check('whole', other, { BARTIZAN_TABLE: 'edge' }).status, 0);
  assertRefused(check('whole', WITH.whole, { BARTIZAN_TABLE: 'edge' }), /line 2: is no order/);
  assert.equal(check('whole', other, { BARTIZAN_TABLE: '' }).status, 0);
  assertRefused(
    check('whole', other.replace('delete table inet edge', 'delete table inet nat'), { BARTIZAN_TABLE: '' }),
    /line 3/,
  );
});

describe('blocks', () => {
  const blocks = (...lines: readonly string[]) => check('blocks', `${lines.join('\n')}\n`);

  test('become orders, the last line of each address counting', () => {
    const end = Math.floor(Date.now() / 1000) + 3600;
    const { stdout, stderr } = blocks(
      `blocked4 198.51.100.1 never ${ID}`,
      `blocked4 198.51.100.2 ${end} ${ID}`,
      `blocked4 198.51.100.3 never ${ID}`,
      'blocked4 198.51.100.3 0 -',
      `blocked4 198.51.100.4 1 ${ID}`,
      `blocked6 2001:db8::1 never ${ID}`,
      `blocked_nets4 198.51.100.0/24 never ${ID}`,
      `blocked_nets6 2001:db8::/32 never ${ID}`,
      'blocked4 198.51.100.5 nev',
    );
    assert.equal(stderr, '');
    const lines = stdout.trim().split('\n').sort();
    assert.deepEqual(
      lines.map((line) => line.split(' ').slice(0, 5).join(' ')),
      ['blocked4', 'blocked6', 'blocked_nets4', 'blocked_nets6'].map((set) => `add element inet bartizan ${set}`),
    );
    assert.match(lines[0] ?? '', new RegExp(`198\\.51\\.100\\.1 comment "${ID}"`));
    assert.match(lines[0] ?? '', /198\.51\.100\.2 timeout 3\d\d\ds comment/);
    assert.doesNotMatch(lines[0] ?? '', /100\.[345]/);
  });

  test('of loopback, of neighbours, of the floor and of own addresses are left out, which is said', {
    skip: isRoot ? false : 'needs root',
  }, () => {
    writeFileSync(floor, '192.0.2.0/24\n2001:db8:f::/48\n');
    const protectedOnes = [
      'blocked4 127.0.0.1',
      'blocked4 127.255.255.255',
      'blocked_nets4 127.0.0.0/8',
      'blocked6 ::1',
      'blocked6 ::',
      'blocked6 fe80::1',
      'blocked6 febf:ffff::1',
      'blocked_nets6 fe80::/64',
      'blocked4 192.0.2.1',
      'blocked_nets4 192.0.2.128/25',
      'blocked_nets4 192.0.2.0/24',
      'blocked6 2001:db8:f::1',
      'blocked6 2001:db8:f:0:0:0:0:1',
    ];
    const { stdout, stderr } = blocks(
      ...protectedOnes.map((block) => `${block} never ${ID}`),
      `blocked_nets4 192.0.0.0/16 never ${ID}`,
      `blocked4 192.0.3.1 never ${ID}`,
    );
    rmSync(floor);
    assert.match(stderr, new RegExp(`left ${protectedOnes.length} blocks out`));
    assert.equal(stdout.match(/comment/g)?.length, 2, stdout);
  });

  test('that are no lines of blocks are nothing', () => {
    const { stdout, status } = blocks(
      ...[
        `allowed4 198.51.100.1 never ${ID}`,
        `infra4_x 198.51.100.1 never ${ID}`,
        `blocked4 198.51.100.1,192.0.2.1 never ${ID}`,
        `blocked4 198.51.100.1}; never ${ID}`,
        `blocked4 198.51.100.1 never x";flush`,
        `blocked4 198.51.100.1 1e9 ${ID}`,
        `blocked4 198.51.100.1-198.51.100.9 never ${ID}`,
        `blocked4 198.51.100 never ${ID}`,
        `blocked4 0198.51.100.1 never ${ID}`,
        `blocked4 2001:db8::1 never ${ID}`,
        `blocked6 198.51.100.1 never ${ID}`,
        `blocked6 2001:db8::1::2 never ${ID}`,
        `blocked6 ::ffff:127.0.0.1 never ${ID}`,
        `blocked_nets4 198.51.100.0/33 never ${ID}`,
        `blocked4 198.51.100.1 never ${'a'.repeat(200)}`,
        'flush ruleset',
        '# comment',
      ],
    );
    assert.deepEqual([status, stdout], [0, '']);
  });
});

for (const args of [[], ['whole'], ['blocks', '/x'], ['half', '/x'], ['whole', '/x', 'y']])
  test(`refuses ${JSON.stringify(args)}`, () => {
    const { status, stderr } = spawnSync('sh', [CHECKED, ...args], { encoding: 'utf8' });
    assert.equal(status, 2);
    assert.match(stderr, /usage: checked/);
  });
