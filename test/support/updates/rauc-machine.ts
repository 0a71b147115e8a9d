import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SlotName } from '../../../core/image/slots.ts';
import { BootedMachine, INSIDE } from '../booted/machine.ts';
import { type BundleSpec, makeBundle, makeSigner } from './bundles.ts';

/** Everything of the stand-in for an appliance, as its root sees it. */
const LAB = `${INSIDE}/lab`;
/** Where the bundles are: on a file system that RAUC takes them from. */
export const STICK = '/run/bartizan-usb/stick';
/** Who confirms a boot has no right to enter the daemon's folders, root or not. */
const GRUBENV = '/run/lab-grubenv';
/** Bytes of a slot's kernel and root, which are plain files here. */
const SLOT_BYTES = 4 << 20;

/** What must be there before anything else is started: RAUC's configuration, the boot loader's words, loop devices. */
const PREPARE = `set -e
umask 022
mkdir -p /etc/rauc /etc/dbus-1/system.d /dev/mapper ${STICK}
cp ${LAB}/system.conf ${LAB}/ca.pem /etc/rauc/
cp /usr/lib/bartizan/systemd/bartizan-rauc.dbus.conf /etc/dbus-1/system.d/bartizan-rauc.conf
busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig
mount --bind ${LAB}/cmdline /proc/cmdline
cat ${LAB}/os-release >>/etc/os-release
mkdir -p /ident/bartizan
chown bartizan:bartizan /ident/bartizan
systemctl --quiet enable --now systemd-networkd.service
mknod /dev/loop-control c 10 237
for n in 0 1 2 3 4 5 6 7; do mknod /dev/loop$n b 7 $n; done
cp ${LAB}/root-$(sed 's/.*bartizan.slot=\\(.\\).*/\\1/' ${LAB}/cmdline) /dev/mapper/root
for bundle in ${LAB}/*.raucb; do [ ! -e "$bundle" ] || cp "$bundle" ${STICK}/; done
chmod -R a+rX ${STICK}
mkdir -p ${LAB}/confirm /ident/slots
chown -R root:root ${LAB}/confirm
mount --bind ${LAB}/confirm /ident/slots
touch ${GRUBENV}
chown root:root ${LAB}/grubenv
mount --bind ${LAB}/grubenv ${GRUBENV}
touch /run/lab-ready
`;
/** A service waits for it. One that is shut in has a /proc of its own, where the boot loader's words are to be, too. */
const IN_LAB = `ExecStartPre=/bin/sh -c 'until [ -e /run/lab-ready ]; do sleep 0.1; done'
BindReadOnlyPaths=${LAB}/cmdline:/proc/cmdline ${LAB}/boot-id:/proc/sys/kernel/random/boot_id`;

/** What a slot that RAUC wrote says of itself. */
interface SlotContent {
  readonly version: string;
  readonly hash: string;
}

/**
 * A machine of Debian's systemd, D-Bus and RAUC, with plain files as slots and as the boot loader's environment. What the
 * boot loader does is done by `boot`: it takes the first slot in order that is good and has tries left.
 */
export class RaucMachine implements AsyncDisposable {
  readonly machine: BootedMachine;
  /** The lab as this process sees it. */
  readonly lab: string;
  slot: SlotName = 'A';

  constructor(dropIns: Readonly<Record<string, string>> = {}) {
    const { 'bartizan.service': more = '', ...others } = dropIns;
    this.machine = new BootedMachine({
      'bartizan.service': `[Service]\nExecStartPre=\n${IN_LAB}\nRuntimeDirectory=bartizan\nRuntimeDirectoryMode=0755\nRuntimeDirectoryPreserve=yes\n${more}`,
      'bartizan-confirm.service': `[Unit]\nConditionKernelCommandLine=\n[Service]\n${IN_LAB}\n`,
      ...others,
    });
    this.lab = join(this.machine.state, 'lab');
    mkdirSync(this.lab, { recursive: true });
    const signer = makeSigner(join(this.lab, 'own'), 'own');
    copyFileSync(signer.authority, join(this.lab, 'ca.pem'));
    writeFileSync(join(this.lab, 'prepare'), PREPARE);
    writeFileSync(join(this.lab, 'system.conf'), SYSTEM_CONF);
    for (const name of ['A', 'B'] as const) {
      for (const part of ['kern', 'root']) writeFileSync(join(this.lab, `${part}-${name}`), Buffer.alloc(SLOT_BYTES));
    }
    this.write('A', { version: '1.0.0', hash: 'a0a0a0a0a0a0a0a0' });
    execFileSync('grub-editenv', [this.#grubenv, 'create']);
    this.counters({ ORDER: 'A B', A_OK: '1', A_TRY: '0', B_OK: '0', B_TRY: '0' });
  }

  get #grubenv(): string {
    return join(this.lab, 'grubenv');
  }

  /** What is in a slot as if it had been flashed. */
  write(slot: SlotName, content: SlotContent): void {
    const root = Buffer.alloc(SLOT_BYTES);
    root.write(JSON.stringify(content));
    writeFileSync(join(this.lab, `root-${slot}`), root);
  }

  /** What is known of the slots. */
  known(): readonly string[] {
    return readdirSync(join(this.lab, 'confirm')).sort();
  }

  /** A bundle below the lab, by its name; its root says which version it is. */
  bundle(name: string, spec: Partial<BundleSpec> & { readonly signedBy?: string } = {}): string {
    const signer = makeSigner(join(this.lab, spec.signedBy ?? 'own'), spec.signedBy ?? 'own');
    makeBundle(join(this.lab, name), signer, spec);
    return `${STICK}/${name}`;
  }

  counters(set: Readonly<Record<string, string>>): void {
    execFileSync('grub-editenv', [
      this.#grubenv,
      'set',
      ...Object.entries(set).map(([name, value]) => `${name}=${value}`),
    ]);
  }

  counter(name: string): string {
    const listed = execFileSync('grub-editenv', [this.#grubenv, 'list'], { encoding: 'utf8' });
    return new RegExp(`^${name}=(.*)$`, 'm').exec(listed)?.[1] ?? '';
  }

  /** Goes through what the boot loader does, and boots the slot that it takes. */
  async boot(): Promise<SlotName> {
    const order = this.counter('ORDER').split(' ') as SlotName[];
    const taken = order.find((name) => this.counter(`${name}_OK`) === '1' && Number(this.counter(`${name}_TRY`)) < 3);
    if (taken === undefined) throw new Error('no slot can be booted');
    this.counters({ [`${taken}_TRY`]: String(Number(this.counter(`${taken}_TRY`)) + 1) });
    this.slot = taken;
    const { version, hash } = this.content(taken);
    const osRelease = `IMAGE_ID=bartizan\nIMAGE_VERSION=${version}\nVARIANT_ID=lab\n`;
    writeFileSync(join(this.lab, 'os-release'), osRelease);
    writeFileSync(
      join(this.lab, 'cmdline'),
      `quiet bartizan.slot=${taken} rauc.slot=${taken} bartizan.verity=${hash}\n`,
    );
    // The kernel goes on running through these boots, and with it its word on which boot it is.
    writeFileSync(join(this.lab, 'boot-id'), `${randomUUID()}\n`);
    await this.machine.boot();
    await this.machine.run('sh', `${LAB}/prepare`);
    return taken;
  }

  content(slot: SlotName): SlotContent {
    const text = readFileSync(join(this.lab, `root-${slot}`), 'latin1');
    return JSON.parse(text.slice(0, text.indexOf('}') + 1)) as SlotContent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.machine[Symbol.asyncDispose]();
  }
}

/** Why there is no RAUC here, if so. */
export const noRauc = (): string | false =>
  ['/usr/bin/rauc', '/usr/share/dbus-1/system-services/de.pengutronix.rauc.service', '/usr/bin/grub-editenv'].find(
    (path) => !existsSync(path),
  ) === undefined
    ? false
    : 'rauc, rauc-service and grub-editenv are not installed';

const slotConf = (index: number, name: SlotName): string => `[slot.kernel.${index}]
device=${LAB}/kern-${name}
type=raw
bootname=${name}
[slot.rootfs.${index}]
device=${LAB}/root-${name}
type=raw
parent=kernel.${index}
`;

const SYSTEM_CONF = `[system]
compatible=bartizan-amd64
bootloader=grub
grubenv=${GRUBENV}
statusfile=${LAB}/rauc.status
mountprefix=/run/rauc
bundle-formats=plain verity
[keyring]
path=/etc/rauc/ca.pem
check-purpose=codesign
[handlers]
pre-install=/usr/lib/bartizan/systemd/rauc-pre-install
${slotConf(0, 'A')}${slotConf(1, 'B')}`;
