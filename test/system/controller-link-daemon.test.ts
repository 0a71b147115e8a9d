import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { afterEach, test } from 'node:test';
import { decodePresence, decodeReported } from '../../actors/link-wire/index.ts';
import { createRecords, openStore } from '../../actors/store/index.ts';
import { millis } from '../../core/base/time.ts';
import { findings } from '../../core/keys/records.ts';
import { Daemon, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { EnrolmentServer } from '../support/link/enrolment-server.ts';
import { Mosquitto, noMosquitto } from '../support/link/mosquitto.ts';
import { Observer } from '../support/link/observer.ts';
import { StreamLedger } from '../support/link/stream-ledger.ts';
import { realClock } from '../support/real-clock.ts';
import { someFinding } from '../support/some-finding.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = { skip: noMosquitto, timeout: 180_000 };
const FINDINGS = 20_000;

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function ground() {
  const broker = await Mosquitto.make();
  cleanups.push(() => broker.remove());
  await broker.start();
  const server = await EnrolmentServer.start(broker.authority, [broker.url]);
  cleanups.push(() => server.stop());
  const state = await stateDir();
  const daemon = new Daemon(state);
  cleanups.push(() => daemon[Symbol.asyncDispose]());
  const configure = async (controller: string) => {
    const port = await freePort();
    await daemon.configure(`webui: { listen: '127.0.0.1:${port}' }\nwatchers: { journal: false }\n${controller}\n`);
  };
  const observe = async () => {
    const observer = await Observer.connect(broker);
    cleanups.push(() => observer.close());
    return observer;
  };
  return { broker, server, state, daemon, configure, observe };
}

/** Findings as an earlier run of the daemon would have left them. */
async function fill(state: string, count: number): Promise<void> {
  const opened = await openStore({ stateDirectory: state, clock: realClock, log: () => {}, onDamage: () => {} });
  assert.ok(opened.ok);
  const records = createRecords(opened.value.port);
  const now = Date.now();
  for (let from = 1; from <= count; from += 1000) {
    await records.write(async (writes) => {
      for (let n = from; n < from + 1000; n++) {
        await writes.append(findings, { ...someFinding(n), at: millis(now - count + n) });
      }
    });
  }
  await opened.value.service.stop();
}

test(
  'an appliance is enrolled over its socket, reports, and after a kill in mid-drain goes on where it was',
  skip,
  async () => {
    const { server, state, daemon, configure, observe } = await ground();
    await fill(state, FINDINGS);
    await configure('controller: { enabled: true, max_bytes_per_second: 600000 }');
    await daemon.start();
    const watching = await observe();
    const ledger = new StreamLedger();
    watching.onSeen = ({ topic, payload }) => {
      if (topic.includes('/stream/')) ledger.take(topic, payload);
    };
    const before = await daemon.call('GET', '/api/v1/controller-link');
    assert.deepEqual([before.status, before.body.state, before.body.enrolled], [200, 'off', undefined]);
    const enrolled = await daemon.call('POST', '/api/v1/controller-link/enroll', { token: server.token() });
    assert.equal(enrolled.status, 200, `${JSON.stringify(enrolled.body)} ${daemon.output}`);
    assert.equal(enrolled.body.enrolled.tenant, 'acme');
    const told = await watching.find('a report', ({ topic }) => topic.endsWith('/reported'));
    const report = decodeReported(told.payload);
    assert.ok(report.ok && report.value.facts.version !== '' && report.value.firewall.mode === 'observe');
    await waitFor('a third of it', () => (ledger.last('finding') > FINDINGS / 3 ? true : undefined), {
      withinMs: 60_000,
    });
    await daemon.kill();
    const reached = ledger.last('finding');
    assert.ok(reached < FINDINGS, `${reached} were sent before the kill`);
    await configure('controller: { enabled: true }');
    await daemon.start();
    await waitFor('all of it', () => (ledger.last('finding') >= FINDINGS ? true : undefined), { withinMs: 60_000 });
    assert.equal(ledger.items('finding').length, FINDINGS);
    assert.deepEqual(ledger.gaps('finding'), []);
    assert.equal(ledger.epochs('finding').length, 1);
    await waitFor('the audit log', () => (ledger.last('audit') >= 1 ? true : undefined));
    const component = (await daemon.call('GET', '/api/v1/components')).body.find(
      ({ name }: { readonly name: string }) => name === 'controller-link',
    );
    assert.equal(component.state ?? component.status, 'ok', JSON.stringify(component));
    await daemon.stop();
    const last = watching.seen.filter(({ topic }) => topic.endsWith('/presence')).at(-1);
    const presence = await waitFor('the good-bye', () => {
      const read = decodePresence(
        watching.seen.filter(({ topic }) => topic.endsWith('/presence')).at(-1)?.payload ?? new Uint8Array(),
      );
      return read.ok && !read.value.online ? read.value : undefined;
    });
    assert.equal(presence.reason, 'stopped', String(last?.topic));
  },
);

test('a daemon without a controller loads nothing of the link; enabling and disabling it is live', skip, async () => {
  const { server, daemon, configure, observe } = await ground();
  await configure('controller: { enabled: false }');
  await daemon.start();
  const names = async () =>
    (await daemon.call('GET', '/api/v1/components')).body.map(({ name }: { readonly name: string }) => name);
  assert.ok(!(await names()).includes('controller-link'));
  const watching = await observe();
  await daemon.call('POST', '/api/v1/controller-link/enroll', { token: server.token() });
  assert.equal((await daemon.call('GET', '/api/v1/controller-link')).body.state, 'off');
  const text = await readFile(daemon.configFile, 'utf8');
  await daemon.configure(text.replace('enabled: false', 'enabled: true'));
  const reload = await daemon.call('POST', '/api/v1/settings/reload', { force_reason: 'the test' });
  assert.ok([200, 202].includes(reload.status), JSON.stringify(reload));
  await watching.find('presence', ({ topic }) => topic.endsWith('/presence'));
  const left = await daemon.call('POST', '/api/v1/controller-link/leave', {});
  assert.equal(left.status, 200);
  assert.equal((await daemon.call('GET', '/api/v1/controller-link')).body.enrolled, undefined);
});
