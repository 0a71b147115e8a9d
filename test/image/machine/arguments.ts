import { type Credentials, smbiosValues } from './credentials.ts';

/** What a guest is made of. Paths are the host's. */
export interface MachineSpec {
  /** qcow2; what the guest flushed is in it, whatever becomes of qemu. */
  readonly disk: string;
  /** The firmware's variables, qcow2, so that a snapshot takes them along. */
  readonly variables: string;
  /** Loopback port of the host that leads to the guest's 9443. */
  readonly apiPort: number;
  /** Name of a tap device, the second network card. */
  readonly tap?: string;
  /** Files, raw, each in a USB stick that is there from the start. */
  readonly sticks?: readonly string[];
  readonly credentials?: Credentials;
  /** An internal snapshot to go on from. */
  readonly from?: string;
  /** MiB; the appliance's own: 768. */
  readonly memory?: number;
  /** Further arguments of qemu's. */
  readonly more?: readonly string[];
}

/** Sockets and logs of a running guest. */
export interface MachinePaths {
  readonly console: string;
  readonly consoleLog: string;
  readonly shell: string;
  readonly shellLog: string;
  readonly qmp: string;
}

const FIRMWARE = '/usr/share/OVMF/OVMF_CODE_4M.fd';
export const FIRMWARE_VARIABLES = '/usr/share/OVMF/OVMF_VARS_4M.fd';
/** Of the second card, by which the test's network knows it. */
export const CABLE_MAC = '52:54:00:b2:00:02';
export const PROCESSORS = 2;
/**
 * A plain x86-64. Emulated, each vector instruction is a call: with those of newer processors programs and kernel choose
 * ways of hashing that are five times slower, and every block of the root is hashed.
 */
const PROCESSOR = 'qemu64,+rdrand,+smep,+rdtscp,+erms,+fsgsbase';

/** qemu's option values have a comma doubled. */
const escaped = (value: string): string => value.replaceAll(',', ',,');

const line = (id: string, socket: string, log: string): readonly string[] => [
  '-chardev',
  `socket,id=${id},path=${escaped(socket)},server=on,wait=off,logfile=${escaped(log)},logappend=on`,
  '-serial',
  `chardev:${id}`,
];

const stickId = (place: number): string => `stick${place}`;

/** Arguments of `qemu-system-x86_64`: emulated, because neither firmware nor kernel need a machine that can more. */
export function qemuArguments(spec: MachineSpec, paths: MachinePaths): readonly string[] {
  const sticks = (spec.sticks ?? []).flatMap((file, place) => [
    '-drive',
    `if=none,id=${stickId(place)},format=raw,cache=writeback,file=${escaped(file)}`,
    '-device',
    `usb-storage,bus=usb.0,id=${stickId(place)},drive=${stickId(place)},removable=on`,
  ]);
  const cable =
    spec.tap === undefined
      ? []
      : [
          '-netdev',
          `tap,id=cable,ifname=${spec.tap},script=no,downscript=no`,
          '-device',
          `virtio-net-pci,netdev=cable,mac=${CABLE_MAC},romfile=`,
        ];
  return [
    ...['-accel', 'tcg,thread=multi,tb-size=1024', '-machine', 'q35', '-cpu', PROCESSOR],
    ...['-m', String(spec.memory ?? 768), '-smp', String(PROCESSORS)],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-device', 'VGA'],
    ...['-drive', `if=pflash,format=raw,readonly=on,file=${FIRMWARE}`],
    ...['-drive', `if=pflash,format=qcow2,file=${escaped(spec.variables)}`],
    ...['-drive', `if=none,id=disk,format=qcow2,cache=writeback,discard=unmap,file=${escaped(spec.disk)}`],
    ...['-device', 'virtio-blk-pci,drive=disk,bootindex=1'],
    ...line('console', paths.console, paths.consoleLog),
    ...line('shell', paths.shell, paths.shellLog),
    ...['-qmp', `unix:${escaped(paths.qmp)},server=on,wait=off`],
    ...['-netdev', `user,id=uplink,hostfwd=tcp:127.0.0.1:${spec.apiPort}-:9443`],
    ...['-device', 'virtio-net-pci,netdev=uplink,mac=52:54:00:b2:00:01,romfile='],
    ...cable,
    ...['-device', 'qemu-xhci,id=usb', '-device', 'usb-kbd,bus=usb.0'],
    ...['-device', 'virtio-rng-pci', '-device', 'i6300esb', '-action', 'watchdog=reset'],
    ...sticks,
    ...smbiosValues(spec.credentials ?? {}).flatMap((value) => ['-smbios', `type=11,value=${escaped(value)}`]),
    ...(spec.from === undefined ? [] : ['-loadvm', spec.from]),
    ...(spec.more ?? []),
  ];
}
