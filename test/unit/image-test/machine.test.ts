import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MachinePaths, type MachineSpec, qemuArguments } from '../../image/machine/arguments.ts';
import { LOOKING_INSIDE, provisioning, smbiosValues } from '../../image/machine/credentials.ts';
import { plain } from '../../image/machine/line.ts';

const PATHS: MachinePaths = {
  console: '/tmp/c',
  consoleLog: '/tmp/c.log',
  shell: '/tmp/s',
  shellLog: '/tmp/s.log',
  qmp: '/tmp/q',
};
const SPEC: MachineSpec = { disk: '/a,b/disk.qcow2', variables: '/tmp/vars.qcow2', apiPort: 4711 };

const valuesOf = (args: readonly string[], option: string): readonly string[] =>
  args.flatMap((arg, place) => (arg === option ? [args[place + 1] ?? ''] : []));

test('a comma in a path does not end an option', () => {
  const drives = valuesOf(qemuArguments(SPEC, PATHS), '-drive');
  assert.ok(drives.some((drive) => drive.endsWith('file=/a,,b/disk.qcow2')));
});

test('the appliance has two processors, 768 MB and its API on a port of the loopback', () => {
  const args = qemuArguments(SPEC, PATHS);
  assert.deepEqual(valuesOf(args, '-m'), ['768']);
  assert.deepEqual(valuesOf(args, '-smp'), ['2']);
  assert.deepEqual(valuesOf(args, '-netdev'), ['user,id=uplink,hostfwd=tcp:127.0.0.1:4711-:9443']);
});

test('what a guest flushed reaches the disk: no drive runs with a cache that ignores it', () => {
  const drives = valuesOf(qemuArguments({ ...SPEC, sticks: ['/tmp/stick'] }, PATHS), '-drive');
  assert.equal(drives.filter((drive) => drive.includes('cache=')).length, 2);
  assert.ok(drives.every((drive) => !drive.includes('unsafe')));
});

test('a cable is a second card, a snapshot is gone on from', () => {
  const args = qemuArguments({ ...SPEC, tap: 'bz0', from: 'ready' }, PATHS);
  assert.equal(valuesOf(args, '-netdev').length, 2);
  assert.deepEqual(valuesOf(args, '-loadvm'), ['ready']);
});

test('credentials come back as they were, whatever is in them', () => {
  const yaml = 'hostname: "büro, 3"\nwebui:\n  listen: 0.0.0.0:9443\n';
  const [value = ''] = smbiosValues(provisioning(yaml));
  const [name, content = ''] = value.split(/=(.*)/s, 2);
  assert.equal(name, 'io.systemd.credential.binary:bartizan.config');
  assert.equal(Buffer.from(content, 'base64').toString(), yaml);
});

test('each unit that is added is wanted by one that is there', () => {
  const added = Object.keys(LOOKING_INSIDE).flatMap((name) => /^systemd\.extra-unit\.(.*)$/.exec(name)?.[1] ?? []);
  const wanted = Object.values(LOOKING_INSIDE).flatMap((text) => /Wants=(.*)/.exec(text)?.[1] ?? []);
  assert.deepEqual(wanted.sort(), added.sort());
});

test('of a console page the text is left', () => {
  assert.equal(plain('\u001b[2J\u001b[1;1HBartizan \u001b[32mready\u001b[0m\r\n'), 'Bartizan ready\n');
});
