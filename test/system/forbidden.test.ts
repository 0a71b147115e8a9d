/**
 * What the services have no business doing, tried from inside: the programs of the shipped units are replaced by one that
 * tries, and all restrictions stay. Each attempt is made by an unrestricted service of root on the same machine too, so
 * that none is refused for another reason.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BootedMachine, noBoot } from '../support/booted/machine.ts';
import { ROOT } from '../support/root.ts';

const SCRIPT = join(ROOT, 'test/support/booted/forbidden');
const INSIDE = '/usr/local/lib/forbidden';

const SERVICES = [
  'bartizan',
  'bartizan-net-hand',
  'bartizan-packets@tried',
  'bartizan-early',
  'bartizan-revert',
  'bartizan-starting',
] as const;
type Name = (typeof SERVICES)[number];

const KERNEL: readonly Name[] = ['bartizan-net-hand', 'bartizan-early', 'bartizan-revert', 'bartizan-starting'];
const REVERTERS: readonly Name[] = ['bartizan-revert', 'bartizan-starting'];

/** Whose duty it is; nobody else may. */
const MAY: Readonly<Record<string, readonly Name[]>> = {
  'tcp socket': ['bartizan', 'bartizan-packets@tried'],
  'memory that is written and run': ['bartizan', 'bartizan-packets@tried'],
  'new user namespace': ['bartizan-packets@tried'],
  'netlink socket': SERVICES,
  'read routes': SERVICES,
  'change routes': KERNEL,
  'change rules': KERNEL,
  'read its state': ['bartizan', 'bartizan-early', ...REVERTERS],
  'write its state': ['bartizan', ...REVERTERS],
  'write /run/bartizan': ['bartizan', 'bartizan-early', ...REVERTERS],
};

/** Attempts that a kernel may be built without. */
const OPTIONAL: ReadonlySet<string> = new Set([
  'accounting',
  'io_uring',
  'key ring',
  'add a key',
  'load a kernel',
  'load a module',
  'program the kernel (bpf)',
  'read /dev/mem',
  'read /proc/kallsyms',
  'userfaultfd',
  'watch performance',
]);

/** What stands in for the program; all else of the unit stays as it is. */
const standIn = (name: Name): string => `[Unit]
ConditionPathExists=
[Service]
Type=oneshot
Restart=no
RestartForceExitStatus=
RemainAfterExit=no
WatchdogSec=0
ExecStart=
ExecStart=${INSIDE}
StandardInput=null
StandardOutput=truncate:/run/forbidden.${name}
`;

const outcomesIn = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text
      .trim()
      .split('\n')
      .map((line) => [line.replace(/ \S+$/, ''), line.replace(/^.* /, '')]),
  );

const skip = process.arch === 'x64' ? noBoot() : 'the system calls are told by the numbers of x86_64';

describe('what is forbidden is refused', { skip }, () => {
  let machine: BootedMachine;
  let free: ReadonlyMap<string, string>;
  const restricted = new Map<Name, ReadonlyMap<string, string>>();

  before(async () => {
    // The daemon is not started: it would wake the hand.
    machine = new BootedMachine({ 'bartizan.service': '[Unit]\nConditionPathExists=/nowhere\n' });
    await machine.boot();
    writeFileSync(machine.at(INSIDE), readFileSync(SCRIPT), { mode: 0o755 });
    await machine.run('install', '-m', '4755', '/usr/bin/id', '/usr/local/bin/suid-id');
    // Rights of files are not to be what refuses.
    await machine.run('sh', '-c', 'mknod -m 666 /dev/mem c 1 1; mknod -m 666 /dev/kmsg c 1 11; chmod 755 /root /home');
    free = outcomesIn(await machine.run('systemd-run', '--quiet', '--wait', '--pipe', INSIDE));
    for (const name of SERVICES) {
      const folder = `/run/systemd/system/${name}.service.d`;
      await machine.run('sh', '-c', `mkdir -p ${folder}; printf '%s' '${standIn(name)}' >${folder}/zz-forbidden.conf`);
    }
    await machine.run('systemctl', 'daemon-reload');
    for (const name of SERVICES) {
      await machine.run('systemctl', 'restart', `${name}.service`);
      const told = await machine.run('cat', `/run/forbidden.${name}`).catch(async (cause: unknown) => {
        throw new Error(`${name} did not run\n${await machine.journal(`${name}.service`)}`, { cause });
      });
      restricted.set(name, outcomesIn(told));
    }
  });
  after(() => machine?.[Symbol.asyncDispose]());

  test('every attempt succeeds for who may do anything', (t) => {
    assert.ok(free.size > 50, `${free.size} attempts`);
    const failed = [...free].filter(([, outcome]) => outcome !== '0');
    const without = failed.filter(([name]) => OPTIONAL.has(name)).map(([name, errno]) => `${name} (${errno})`);
    if (without.length > 0)
      t.diagnostic(`this kernel is built without, so nothing is proved of: ${without.join(', ')}`);
    assert.deepEqual(
      failed.filter(([name]) => !OPTIONAL.has(name)),
      [],
    );
  });

  for (const name of SERVICES) {
    test(`${name}.service does what it has to, and no more`, () => {
      const outcomes = restricted.get(name) ?? new Map();
      assert.deepEqual([...outcomes.keys()], [...free.keys()], 'it has come to the end');
      const done = [...outcomes].filter(([, outcome]) => outcome === '0').map(([what]) => what);
      const duties = Object.keys(MAY).filter((what) => MAY[what]?.includes(name));
      assert.deepEqual(done.sort(), duties.sort());
    });
  }
});
