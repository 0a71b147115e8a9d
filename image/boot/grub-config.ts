import { BOOT_FOLDER, partition, SLOTS, type Slot, TRIES } from '../layout.ts';

/**
 * The variables of GRUB's environment block and what they hold on a fresh disk. The first five are RAUC's words.
 * `RECOVERY` asks for the recovery at the next start and says why; `STAMP` is written at each start and handed to the
 * initramfs, which finds by it the disk that GRUB was on.
 */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  ORDER: 'A B',
  A_OK: '1',
  A_TRY: '0',
  B_OK: '0',
  B_TRY: '0',
  RECOVERY: '',
  STAMP: '',
};

/**
 * `gpt`: the kernel takes the table's copy when the table is torn. `no_timer_check`: in a virtual machine that gets too
 * little of its processor the check of the old timer fails by mistake, and the kernel may stay there.
 */
const COMMON = 'console=tty0 console=ttyS0,115200 quiet gpt no_timer_check';
/** After a panic it starts anew in 5 seconds. systemd mounts nothing for a partition's type: it might be another disk's. */
const OF_SLOT = `${COMMON} panic=5 systemd.gpt_auto=0`;

const VARIABLES = Object.keys(ENVIRONMENT).join(' ');
const numberOf = (slot: Slot): number => partition(`kern-${slot}`).number;

/** One more try of a slot, where one is left. GRUB's language does not count, so every step is written out. */
const takeTry = (slot: Slot): string =>
  Array.from(
    { length: TRIES },
    (_, tried) =>
      `${tried === 0 ? 'if' : 'elif'} [ "$${slot}_TRY" = ${tried} ]; then set ${slot}_TRY=${tried + 1}; set pick=${slot}`,
  ).join('\n    ');

const offer = (slot: Slot): string => `  if [ -z "$pick" -a "$slot" = ${slot} -a "$${slot}_OK" = 1 ]; then
    ${takeTry(slot)}
    fi
  fi`;

const PROLOGUE = `# Made by image/boot/grub-config.ts. Nobody edits entries or gets a command line: no user of this name has a password.
set superusers=nobody
export superusers
set timeout=0
# Where there is no serial port, the screen alone.
if serial --unit=0 --speed=115200; then
  terminal_input console serial
  terminal_output console serial
fi
# The disk this file is on, and no other that looks like it.
regexp --set=1:disk '^(.*),gpt[0-9]+$' "$root"
set folder="($root)${BOOT_FOLDER}"`;

/** Only the variables named are taken, so that a changed block cannot set others. */
const ENVIRONMENT_READ = `set lost=
if load_env --file "$folder/grubenv" ${VARIABLES}; then true
elif load_env --file "$folder/grubenv.bak" ${VARIABLES}; then echo "bartizan-grub: environment read from its copy"
else set lost=environment; fi`;

const PICK = `set pick=
if [ -n "$lost" ]; then set why=environment
elif [ -n "$RECOVERY" ]; then set why="$RECOVERY"
else
set why=none-left
for slot in $ORDER; do
${SLOTS.map(offer).join('\n')}
done
fi`;

/**
 * Both copies, one after the other: each is a single sector written in place, so at any moment one of the two is whole.
 * A disk that cannot be written is started from all the same; then nothing falls back, which is said.
 */
const ENVIRONMENT_WRITTEN = `set STAMP="$YEAR-$MONTH-$DAY-$HOUR-$MINUTE-$SECOND"
if save_env --file "$folder/grubenv" ${VARIABLES}; then true
else echo "bartizan-grub: the environment cannot be written"; fi
if save_env --file "$folder/grubenv.bak" ${VARIABLES}; then true; fi`;

/** Checksums first: a kernel that is damaged may hang instead of giving the next try away. */
const START_SLOT = `if [ -n "$pick" ]; then
${SLOTS.map((slot) => `if [ "$pick" = ${slot} ]; then set slot_disk="$disk,gpt${numberOf(slot)}"; set try="$${slot}_TRY"; fi`).join('\n')}
echo "bartizan-grub: slot=$pick try=$try/${TRIES} order=$ORDER A=$A_OK/$A_TRY B=$B_OK/$B_TRY"
set slot_arguments=
if source "($slot_disk)/slot.cfg"; then
if hashsum --hash sha256 --prefix "($slot_disk)/" --check "($slot_disk)/sha256sums"; then
if linux "($slot_disk)/vmlinuz" ${OF_SLOT} bartizan.slot=$pick rauc.slot=$pick bartizan.stamp=$STAMP $slot_arguments; then
if initrd "($slot_disk)/initrd.img"; then
boot
fi
fi
fi
fi
echo "bartizan-grub: slot $pick cannot be started"
sleep 2
reboot
fi`;

/** Without a recovery that can be started, the slots get their tries back rather than the appliance ending here. */
const START_RECOVERY = `echo "bartizan-grub: recovery why=$why order=$ORDER A=$A_OK/$A_TRY B=$B_OK/$B_TRY"
if linux "($root)/recovery/vmlinuz" ${COMMON} panic=30 bartizan.recovery=$why bartizan.stamp=$STAMP; then
if initrd "($root)/recovery/initrd.img"; then
boot
fi
fi
echo "bartizan-grub: the recovery cannot be started; the slots get their tries back"
${SLOTS.map((slot) => `set ${slot}_TRY=0`).join('\n')}
set RECOVERY=
save_env --file "$folder/grubenv" ${VARIABLES}
save_env --file "$folder/grubenv.bak" ${VARIABLES}
sleep 10
reboot`;

/** `grub.cfg`: which slot is started, or the recovery. It has no menu and no end: whatever fails starts the machine anew. */
export function grubConfig(): string {
  return `${[PROLOGUE, ENVIRONMENT_READ, PICK, ENVIRONMENT_WRITTEN, START_SLOT, START_RECOVERY].join('\n\n')}\n`;
}

/** Built into GRUB: all that is left when the ESP has no grub.cfg that can be read. */
export const EMBEDDED_CONFIG = `set superusers=nobody
export superusers
source "$prefix/grub.cfg"
echo "bartizan-grub: no grub.cfg"
sleep 10
reboot
`;

/** What GRUB's image contains; it loads nothing later. */
export const GRUB_MODULES: readonly string[] = [
  ...['part_gpt', 'fat', 'ext2', 'normal', 'configfile', 'linux', 'boot', 'reboot', 'echo', 'test', 'true', 'sleep'],
  ...['loadenv', 'regexp', 'serial', 'terminal', 'datehook', 'hashsum', 'gcry_sha256', 'all_video', 'gfxterm'],
];

const BLOCK_BYTES = 1024;
const SECTOR_BYTES = 512;

/**
 * An environment block as grub-editenv makes it.
 * @throws when the variables would not fit into one sector, the most that a power cut leaves whole
 */
export function environmentBlock(variables: Readonly<Record<string, string>> = ENVIRONMENT): string {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  const text = ['# GRUB Environment Block\n', ...lines].join('');
  if (text.length > SECTOR_BYTES) throw new Error(`the environment takes ${text.length} bytes, more than a sector`);
  return text.padEnd(BLOCK_BYTES, '#');
}

/**
 * A kernel slot's `slot.cfg`: what only the slot knows. The tree of hashes begins one block after the data, behind
 * verity's own header.
 */
export function slotConfig(verity: { rootHash: string; salt: string; blocks: number }, version: string): string {
  const { rootHash, salt, blocks } = verity;
  return `set slot_version="${version}"
set slot_arguments="bartizan.verity=${rootHash} bartizan.salt=${salt} bartizan.blocks=${blocks}"
`;
}
