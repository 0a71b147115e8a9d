import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { EMBEDDED_CONFIG, environmentBlock, grubConfig, slotConfig } from '../../image/boot/grub-config.ts';
import { ROOT } from '../support/root.ts';

/**
 * GRUB's language is sh's in all that grub.cfg uses of it but `set NAME=VALUE`. So sh runs the file here, with GRUB's
 * commands as functions: the environment blocks are files, and `boot` tells what would be started. That GRUB itself does
 * the same is shown by the image's tests in a virtual machine.
 */
const COMMANDS = `
translate() { sed -E 's/(^|[; ])set ([A-Za-z_]+=)/\\1\\2/g' "$1"; }
source() { [ -f "$1" ] || return 1; translate "$1" >sourced; . ./sourced; }
is_block() { [ "$(head -c 24 "$1")" = '# GRUB Environment Block' ]; }
load_env() { is_block "$2" || return 1; sh "$EDITOR" "$2" list >loaded; sed -E 's/=(.*)/="\\1"/' loaded >quoted; . ./quoted; }
save_env() { file=$2; is_block "$file" && [ ! -e read-only ] || return 1; shift 2; for name in "$@"; do eval "set -- \\"\\$@\\" \\"$name=\\$$name\\""; shift; done; sh "$EDITOR" "$file" set "$@"; rm -f "$file.bak.bak"; }
serial() { return 1; }
regexp() { disk=hd0; }
hashsum() { [ ! -e "$4/damaged" ]; }
linux() { [ -f "$1" ] || return 1; kernel=$*; }
initrd() { [ -f "$1" ]; }
boot() { echo "boot $kernel"; exit 0; }
reboot() { echo reboot; exit 0; }
sleep() { :; }
YEAR=2026 MONTH=1 DAY=2 HOUR=3 MINUTE=4 SECOND=5 root=hd0,gpt1
translate grub.cfg >translated
. ./translated
`;

const EDITOR = join(ROOT, 'image/boot/grub-editenv');
const FOLDER = '(hd0,gpt1)/EFI/BOOT';
let place = '';

/** A disk with both slots and the recovery, and an environment. */
function disk(variables: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(place, 'disk-'));
  const write = (path: string, text: string): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const block = environmentBlock({ ORDER: 'A B', A_OK: '1', A_TRY: '0', B_OK: '1', B_TRY: '0', ...variables });
  for (const name of ['grubenv', 'grubenv.bak']) write(`${FOLDER}/${name}`, block);
  for (const [slot, number] of [
    ['A', 2],
    ['B', 4],
  ] as const) {
    write(`(hd0,gpt${number})/slot.cfg`, slotConfig({ rootHash: slot, salt: 's', blocks: 1 }, '1'));
    for (const name of ['vmlinuz', 'initrd.img']) write(`(hd0,gpt${number})/${name}`, '');
  }
  for (const name of ['vmlinuz', 'initrd.img']) write(`(hd0,gpt1)/recovery/${name}`, '');
  write('grub.cfg', grubConfig());
  return folder;
}

/** @returns `A`, `B`, `recovery WHY`, or `reboot` */
function start(folder: string): string {
  const said = execFileSync('sh', ['-c', COMMANDS], {
    cwd: folder,
    env: { PATH: process.env['PATH'], EDITOR },
  }).toString();
  const last = said.trimEnd().split('\n').at(-1) ?? '';
  const slot = /bartizan\.slot=(\w) rauc\.slot=\1 .*bartizan\.verity=\1 /.exec(`${last} `);
  return slot?.[1] ?? /bartizan\.recovery=(\S+)/.exec(last)?.[0].replace(/.*=/, 'recovery ') ?? last;
}

const edit = (folder: string, ...words: readonly string[]): string =>
  execFileSync('sh', [EDITOR, join(folder, FOLDER, 'grubenv'), ...words]).toString();

before(() => {
  place = mkdtempSync(join(tmpdir(), 'grub-config-'));
});
after(() => rmSync(place, { recursive: true }));

test('GRUB takes both files for well written', () => {
  for (const [name, text] of [
    ['grub.cfg', grubConfig()],
    ['embedded.cfg', EMBEDDED_CONFIG],
  ] as const) {
    writeFileSync(join(place, name), text);
    execFileSync('grub-script-check', [join(place, name)]);
  }
});

for (const { name, variables, starts } of [
  {
    name: 'each slot gets three tries, then comes the recovery, again and again',
    variables: {},
    starts: ['A', 'A', 'A', 'B', 'B', 'B', 'recovery none-left', 'recovery none-left'],
  },
  { name: 'the order is obeyed', variables: { ORDER: 'B A' }, starts: ['B', 'B', 'B', 'A'] },
  {
    name: 'a slot that is not good is never started',
    variables: { A_OK: '0' },
    starts: ['B', 'B', 'B', 'recovery none-left'],
  },
  {
    name: 'a slot that is not in the order is never started',
    variables: { ORDER: 'B', A_OK: '1', B_TRY: '2' },
    starts: ['B', 'recovery none-left'],
  },
  {
    name: 'counters that make no sense are no tries',
    variables: { A_TRY: 'x', B_TRY: '9' },
    starts: ['recovery none-left'],
  },
  {
    name: 'the recovery is entered when asked for, and says why',
    variables: { RECOVERY: 'data' },
    starts: ['recovery data', 'recovery data'],
  },
])
  test(name, () => {
    const folder = disk(variables);
    assert.deepEqual(
      starts.map(() => start(folder)),
      starts,
    );
  });

test('what RAUC writes when it marks a slot good gives the slot its tries back', () => {
  const folder = disk();
  assert.deepEqual([start(folder), start(folder)], ['A', 'A']);
  edit(folder, 'set', 'A_OK=1', 'A_TRY=0');
  assert.deepEqual([start(folder), start(folder), start(folder), start(folder)], ['A', 'A', 'A', 'B']);
});

test('a slot whose kernel is damaged costs its tries without being started', () => {
  const folder = disk();
  writeFileSync(join(folder, '(hd0,gpt2)/damaged'), '');
  assert.deepEqual(
    Array.from({ length: 4 }, () => start(folder)),
    ['reboot', 'reboot', 'reboot', 'B'],
  );
});

test('the copy serves while the environment cannot be read; without both comes the recovery', () => {
  const folder = disk({ ORDER: 'B A' });
  writeFileSync(join(folder, FOLDER, 'grubenv'), 'x'.repeat(1024));
  assert.deepEqual([start(folder), start(folder), start(folder), start(folder)], ['B', 'B', 'B', 'A']);
  writeFileSync(join(folder, FOLDER, 'grubenv.bak'), '');
  assert.equal(start(folder), 'recovery environment');
});

test('a disk that cannot be written is started from', () => {
  const folder = disk();
  writeFileSync(join(folder, 'read-only'), '');
  assert.deepEqual([start(folder), start(folder), start(folder), start(folder)], ['A', 'A', 'A', 'A']);
});

test('without a recovery the slots get their tries back', () => {
  const folder = disk({ A_TRY: '3', B_TRY: '3', RECOVERY: 'data' });
  rmSync(join(folder, '(hd0,gpt1)/recovery'), { recursive: true });
  assert.equal(start(folder), 'reboot');
  assert.equal(start(folder), 'A');
});

test('both copies hold the stamp that the kernel is given', () => {
  const folder = disk();
  start(folder);
  for (const name of ['grubenv', 'grubenv.bak'])
    assert.match(readFileSync(join(folder, FOLDER, name), 'utf8'), /\nSTAMP=2026-1-2-3-4-5\n/);
});
