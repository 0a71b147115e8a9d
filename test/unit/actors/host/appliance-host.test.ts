import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostSettings } from '../../../../core/config/settings.ts';
import { renderHost } from '../../../../core/host/render.ts';
import { FakeMachine } from '../../../support/fake-machine.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';
import { loaded } from '../../core/config/surroundings.ts';

const hostOf = (text: string): HostSettings => loaded(text).config.host;
const ONE = hostOf('host: { interfaces: [{ match: ens3, method: dhcp }] }');
const OTHER = hostOf('host: { interfaces: [{ match: ens3, method: static, addresses: [192.0.2.7/24] }] }');

function site(settings: HostSettings = ONE) {
  const machine = new FakeMachine();
  const clock = new SimulatedClock();
  return { machine, clock, host: machine.host(clock, () => settings) };
}

test('what the settings say is written, applied and read back; the same again changes nothing', async () => {
  const { machine, host } = site();
  assert.equal((await host.follow(ONE)).ok, true);
  assert.equal(machine.inForce, renderHost(ONE));
  assert.deepEqual(await host.goesBy(ONE), { ok: true, value: true });
  assert.deepEqual(await host.goesBy(OTHER), { ok: true, value: false });
  await host.follow(ONE);
  assert.deepEqual(machine.asked, ['apply-network']);
});

test('what was written and never applied is applied', async () => {
  const { machine, host } = site();
  machine.text = renderHost(ONE);
  assert.deepEqual(await host.goesBy(ONE), { ok: true, value: false });
  await host.follow(ONE);
  assert.equal(machine.inForce, machine.text);
});

test('what is in force from the boot on and was never written is written, and nobody is asked', async () => {
  const { machine, host } = site();
  machine.inForce = renderHost(ONE);
  assert.equal((await host.follow(ONE)).ok, true);
  assert.deepEqual([machine.text, machine.asked], [renderHost(ONE), []]);
});

test('a snapshot is put back byte for byte, whatever the settings would make of it today', async () => {
  const { machine, host } = site();
  machine.text = 'as an older version wrote it';
  machine.inForce = machine.text;
  const before = await host.snapshot(ONE);
  assert.ok(before.ok);
  await host.follow(OTHER);
  assert.equal((await host.putBack(before.value)).ok, true);
  assert.equal(machine.inForce, 'as an older version wrote it');
  assert.deepEqual(await host.goesBy(before.value), { ok: true, value: true });
});

test('before anything was written the snapshot is what the settings say', async () => {
  const before = await site().host.snapshot(ONE);
  assert.equal(before.ok && Buffer.from(before.value.content ?? '').toString(), renderHost(ONE));
});

test('a refusal is told, and shown until the machine obeys', async () => {
  const { machine, host } = site();
  machine.refusal = 'there is no timezone X';
  const done = await host.follow(ONE);
  assert.equal(done.ok ? '' : done.public, 'the machine: there is no timezone X');
  assert.deepEqual(
    [host.component().state, host.component().message],
    ['degraded', 'the machine: there is no timezone X'],
  );
  machine.refusal = undefined;
  await host.follow(ONE);
  assert.equal(host.component().state, 'ok');
});

test('root that applied another text has not done it', async () => {
  const { machine, host } = site();
  machine.ask = async () => {
    machine.inForce = 'another';
    return { ok: true, value: undefined };
  };
  assert.equal((await host.follow(ONE)).ok, false);
});

test('a disk that refuses is a failure, not a crash', async () => {
  const { machine, host } = site();
  Object.assign(machine.file, { write: () => Promise.reject(new Error('ENOSPC')) });
  const done = await host.follow(ONE);
  assert.match(done.ok ? '' : done.public, /ENOSPC/);
});

test('a start waits for nothing and goes on trying', async () => {
  const { machine, clock, host } = site();
  machine.refusal = 'not yet';
  await host.start();
  await settled();
  assert.deepEqual(machine.logs, ['the settings of the machine could not be applied']);
  machine.refusal = undefined;
  clock.advance(30_000);
  await settled();
  assert.equal(machine.inForce, renderHost(ONE));
  await host.stop();
  assert.equal(clock.pending, 0);
});
