import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ROOT } from './root.ts';

const BOOT_ID = '3c1b6bd0-0c1e-4a55-9d0e-5a3c6b0f0a11';
/** Seconds on the boot-time clock when the script starts. */
const START = 100;

/** One second of the daemon's life: what its health file says then; `undefined`: the file is gone. */
export type Second = Readonly<Record<string, string | number>> | undefined;

export interface ConfirmWorld {
  readonly commandLine?: string;
  /** By second since the start. A reading's `at` is of its second unless it says otherwise. */
  readonly daemon: (second: number) => Second;
  /** How long the story lasts, in seconds, 120 unless it is said; who watches on then is ended. */
  readonly lasts?: number;
  /** What stands in the health file's place as a symbolic link. */
  readonly link?: string;
  /** Root hash that was confirmed before, by slot; A was, unless it is said. */
  readonly confirmed?: Readonly<Record<string, string>>;
  /** Whose bundles this version takes. */
  readonly authority?: string;
  /** Content of the file `reboots.B`. */
  readonly reboots?: string;
  /** Whether systemd is about to stop when the story is over. */
  readonly shutsDown?: boolean;
  /** sh: what `rauc`, `grub-editenv` and `dd` do, in place of succeeding. */
  readonly rauc?: string;
  readonly grubEditenv?: string;
  readonly dd?: string;
  /** sh: what a reboot that is asked for does at once. */
  readonly reboot?: string;
}

export interface Confirmed {
  /** `watching`: it had not come to its end when the story had. */
  readonly status: number | 'watching' | null;
  readonly said: string;
  readonly console: string;
  /** Calls of rauc, systemctl, in order. */
  readonly calls: readonly string[];
  readonly outcome: Readonly<Record<string, string>>;
  /** Seconds that went by. */
  readonly took: number;
  kept(name: string): string | undefined;
}

const SLEEP = `n=0
while [ $n -lt "$1" ]; do
  n=$((n + 1))
  read -r second <"$WORLD/second"
  second=$((second + 1))
  [ $second -le "$LASTS" ] || kill -TERM $PPID
  echo $second >"$WORLD/second"
  echo "$((second + ${START})).00 0.00" >"$BARTIZAN_CONFIRM_ROOT/proc/uptime"
  if [ -e "$WORLD/health/$second" ]; then cp "$WORLD/health/$second" "$BARTIZAN_CONFIRM_ROOT/run/bartizan/health"
  elif [ ! -L "$BARTIZAN_CONFIRM_ROOT/run/bartizan/health" ]; then rm -f "$BARTIZAN_CONFIRM_ROOT/run/bartizan/health"; fi
done
`;
const LASTS = 120;
const COUNTERS = 'ORDER=B A\nA_OK=1\nA_TRY=0\nB_OK=1\nB_TRY=1';

/** Runs systemd/confirm to its end in a world of files, where `sleep` is what makes time go by. */
export function confirmIn(world: ConfirmWorld): Confirmed {
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-confirm-'));
  try {
    const root = join(folder, 'root');
    const env = { WORLD: folder, BARTIZAN_CONFIRM_ROOT: root, LASTS: String(world.lasts ?? LASTS) };
    lay(folder, root, world);
    const ran = spawnSync('sh', [join(ROOT, 'systemd/confirm')], {
      encoding: 'utf8',
      timeout: 300_000,
      env: { PATH: [join(folder, 'bin'), process.env['PATH']].join(delimiter), ...env },
    });
    const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
    const kept = new Map(
      ['confirmed.A', 'confirmed.B', 'reboots.B', 'authority.pem'].map((name) => [
        name,
        read(join(root, 'ident/slots', name)).trim(),
      ]),
    );
    return {
      status: ran.signal === 'SIGTERM' && ran.error === undefined ? 'watching' : ran.status,
      said: ran.stderr,
      console: read(join(root, 'dev/console')),
      calls: read(join(folder, 'calls')).split('\n').filter(Boolean),
      outcome: wordsOf(read(join(root, 'run/bartizan-confirm/outcome'))),
      took: Number(read(join(folder, 'second'))),
      kept: (name) => kept.get(name) || undefined,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function lay(folder: string, root: string, world: ConfirmWorld): void {
  const { commandLine = 'quiet bartizan.slot=B bartizan.verity=b00b1e bartizan.blocks=4', confirmed = { A: 'a0a0' } } =
    world;
  for (const path of [
    'proc/sys/kernel/random',
    'run/bartizan',
    'run/bartizan-confirm',
    'ident/slots',
    'dev/mapper',
    'etc/rauc',
  ])
    mkdirSync(join(root, path), { recursive: true });
  const files: Readonly<Record<string, string>> = {
    'proc/sys/kernel/random/boot_id': `${BOOT_ID}\n`,
    'proc/uptime': `${START}.00 0.00\n`,
    'proc/cmdline': `${commandLine}\n`,
    'dev/console': '',
    'dev/mapper/root': 'x'.repeat(3_000_000),
    'etc/rauc/system.conf': '[system]\ngrubenv=/efi/EFI/BOOT/grubenv\n',
    ...Object.fromEntries(
      Object.entries(confirmed).map(([slot, hash]) => [`ident/slots/confirmed.${slot}`, `${hash}\n`]),
    ),
    ...(world.authority === undefined ? {} : { 'etc/rauc/ca.pem': world.authority }),
    ...(world.reboots === undefined ? {} : { 'ident/slots/reboots.B': `${world.reboots}\n` }),
  };
  for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text);
  mkdirSync(join(folder, 'health'));
  for (let second = 1; second <= (world.lasts ?? LASTS); second++) {
    const said = world.daemon(second);
    if (said !== undefined) writeFileSync(join(folder, 'health', String(second)), healthOf(second, said));
  }
  if (world.link !== undefined) symlinkSync(world.link, join(root, 'run/bartizan/health'));
  writeFileSync(join(folder, 'second'), '0');
  const call = (name: string): string => `echo "${name} $*" >>"$WORLD/calls"\n`;
  mkdirSync(join(folder, 'bin'));
  put(folder, 'sleep', SLEEP);
  put(folder, 'rauc', `${call('rauc')}${world.rauc ?? ''}`);
  put(
    folder,
    'systemctl',
    `case $1 in show) echo ${world.shutsDown === true ? '4711' : ''} ;; *) ${call('systemctl')}${world.reboot ?? ''} ;; esac`,
  );
  put(folder, 'grub-editenv', world.grubEditenv ?? `echo "${COUNTERS}"`);
  if (world.dd !== undefined) put(folder, 'dd', `case $* in *mapper*) ${world.dd} ;; esac\nexec /usr/bin/dd "$@"`);
}

const healthOf = (second: number, said: Readonly<Record<string, string | number>>): string =>
  Object.entries({ at: (second + START) * 1000, boot_id: BOOT_ID, pid: 7, ...said })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

function put(folder: string, name: string, text: string): void {
  writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(folder, 'bin', name), 0o755);
}

const wordsOf = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(/=(.*)/s, 2) as [string, string]),
  );
