/**
 * Settings on trial that cut the admin off, with every process killed. `BARTIZAN_WHOLE_TRIAL=1` also has the whole daemon
 * do it, whose shortest trial is a minute.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRecords } from '../../actors/store/index.ts';
import { ADMIN, Boundary, EDGE, firstLine, monotonic, Pulse } from '../support/boundary.ts';
import { TrialSite } from '../support/change/trial-site.ts';
import { NODE_FLAGS } from '../support/daemon.ts';
import { LaunchedEdge } from '../support/launched-edge.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { namespacesUnavailable, waitUntil } from '../support/network-namespace.ts';
import { bootTime } from '../support/trial-directory.ts';

const skip = namespacesUnavailable();
const CHILD = join(import.meta.dirname, 'trial-child.js');
const BACK_WITHIN = 100;
/** By how much the kernel may be early, ms: a tick, and the 10 ms of the boot-time clock. */
const EARLY = 25;
const LASTS = 2000;

/** @returns how long after the deadline the admin was back, ms; nothing is heard before it from `since` on */
async function backAfter(pulse: Pulse, since: number, deadline: number): Promise<number> {
  const [to = ''] = pulse.targets;
  const first = () => pulse.between(since, Infinity, 'new', to)[0]?.at;
  await waitUntil('the admin is back', deadline - monotonic() + 5000, () => first() !== undefined);
  const back = (first() ?? Infinity) - deadline;
  assert.ok(back > -EARLY, `cut off until the deadline, and heard ${-back} ms before it`);
  assert.ok(back < BACK_WITHIN, `back ${back} ms after the deadline`);
  return back;
}

const cutOff = (pulse: Pulse): Promise<void> =>
  waitUntil('the admin is cut off', 10_000, () => {
    const now = monotonic();
    return pulse.targets.every((to) => pulse.between(now - 150, now, 'new', to).length === 0);
  });

for (const { name, before, settings } of [
  {
    name: 'everybody denied',
    before: 'firewall: { enabled: true }\n',
    settings: [{ path: 'firewall.denied_networks', value: ['0.0.0.0/0'] }],
  },
  {
    name: 'the admin no longer among those who are let in',
    before: `firewall: { enabled: true, denied_networks: [192.0.2.0/24] }\ninfra_ips: [${ADMIN.v4}]\n`,
    settings: [{ path: 'infra_ips', value: [] }],
  },
  {
    name: 'every port closed',
    before: 'firewall: { enabled: true, restricted_tcp: [1] }\n',
    settings: [
      { path: 'firewall.default', value: 'drop' },
      { path: 'firewall.tcp_in', value: [1] },
      { path: 'firewall.log_dropped', value: true },
    ],
  },
  {
    name: 'hardly any connection let in',
    before: 'firewall: { enabled: true }\n',
    settings: [{ path: 'firewall.conn_rate_limit', value: 1 }],
  },
  {
    name: 'the firewall switched on, and what was written while it was off',
    before: 'firewall: { enabled: false, denied_networks: [0.0.0.0/0] }\n',
    settings: [{ path: 'firewall.enabled', value: true }],
  },
]) {
  test(`killed in the midst of a trial, the kernel falls back by itself: ${name}`, { skip }, async (t) => {
    using boundary = new Boundary();
    await boundary.open();
    const state = await mkdtemp(join(tmpdir(), 'bartizan-trial-'));
    t.after(() => rm(state, { recursive: true, force: true }));
    const config = join(state, 'bartizan.yaml');
    await writeFile(config, before, { mode: 0o600 });
    const pulse = new Pulse([EDGE.v4], ['fresh']);
    await pulse.start(boundary);
    await waitUntil('the admin is heard', 10_000, () => pulse.beats.length > 5);
    const { edge } = boundary;
    const words = [state, edge.name, String(LASTS), JSON.stringify(settings)];
    const child = edge.spawn(process.execPath, [...NODE_FLAGS, CHILD, ...words]);
    const deadline = Number(await firstLine(child));
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await cutOff(pulse);
    t.diagnostic(`back ${(await backAfter(pulse, monotonic() - 100, deadline)).toFixed(1)} ms after the deadline`);
    const site = await TrialSite.open({ state, netns: edge.name, records: createRecords(new MemoryStore()) });
    t.after(() => site.close());
    assert.equal(await readFile(config, 'utf8'), before);
    assert.equal((await site.changes.list(1))[0]?.verdict?.by, 'deadline');
    const now = monotonic();
    await waitUntil('the admin is still heard', 5000, () => pulse.between(now, Infinity, 'new', EDGE.v4).length > 5);
  });
}

test('the whole daemon, killed in the midst of a trial of a minute', {
  skip: skip || (process.env['BARTIZAN_WHOLE_TRIAL'] === undefined ? 'takes a minute: BARTIZAN_WHOLE_TRIAL=1' : false),
  timeout: 180_000,
}, async (t) => {
  await using edge = await LaunchedEdge.open(t, 'firewall: { enabled: true }\n');
  await edge.start();
  const [config, judged] = [edge.config, edge.judged()];
  const pulse = new Pulse([EDGE.v4], ['fresh']);
  await pulse.start(edge.boundary);
  await waitUntil('the admin is heard', 10_000, () => pulse.beats.length > 5);
  const order = { changes: { denied_networks: ['0.0.0.0/0'] }, timeout_min: 1 };
  const asked = edge.one('POST', '/api/v1/settings/firewall/tentative-apply', order).catch(() => undefined);
  await edge.last('awaiting', 'probing');
  const trial = await readFile(join(edge.daemon.state, 'change/pending/trial'), 'utf8');
  const deadline = Number(/^deadline=(\d+)$/m.exec(trial)?.[1]) - bootTime() + monotonic();
  await edge.killAll();
  await asked;
  await cutOff(pulse);
  t.diagnostic(`back ${(await backAfter(pulse, monotonic() - 100, deadline)).toFixed(1)} ms after the deadline`);
  await edge.start();
  assert.equal((await edge.last('reverted')).verdict.by, 'deadline');
  assert.deepEqual([edge.config, edge.judged()], [config, judged]);
});
