/** Trials of the real daemon under the launcher that `npm start` is, with an admin who comes from outside. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { judgedIn } from '../support/change/kernel-tables.ts';
import { LaunchedEdge } from '../support/launched-edge.ts';
import { NetworkNamespace, namespacesUnavailable } from '../support/network-namespace.ts';
import { ROOT } from '../support/root.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = namespacesUnavailable();
const SETTINGS = 'firewall: { enabled: true, denied_networks: [203.0.113.0/24] } # for now\ninfra_ips: [192.0.2.77]\n';
const TENTATIVE = '/api/v1/settings/firewall/tentative-apply';
const CONFIRM = '/api/v1/settings/firewall/confirm';
const HARMLESS = ['203.0.113.0/24', '198.51.100.99'];

test('a harmless change is confirmed by a word over a new connection, and stays; two at once are not', {
  skip,
}, async (t) => {
  await using edge = await LaunchedEdge.open(t, SETTINGS);
  await edge.start();
  const before = edge.judged();
  const tried = await edge.one('POST', TENTATIVE, { changes: { denied_networks: HARMLESS } });
  assert.equal(tried.status, 200, JSON.stringify(tried.body));
  const { id } = await edge.last('awaiting');
  const second = await edge.one('POST', TENTATIVE, { changes: { denied_networks: [] } });
  assert.equal(second.status, 409);
  assert.match(JSON.stringify(second.body), /admin/);
  assert.match(JSON.stringify(second.body), /on trial until \d{4}-/);
  assert.equal((await edge.one('POST', CONFIRM)).status, 200);
  const after = edge.judged();
  assert.notEqual(after, before);
  const { body: run } = await edge.one('POST', '/api/v1/settings/restart');
  await waitFor('the restart', async () => {
    const { body } = await edge.one('GET', '/api/v1/status');
    return body.started_at_token === run.started_at_token ? undefined : true;
  });
  assert.equal((await edge.last('confirmed')).id, id);
  assert.equal(edge.judged(), after);
  assert.match(edge.config, /198\.51\.100\.99[\s\S]*# for now/);

  const changes = { denied_networks: ['203.0.113.0/24'] };
  const [written, old] = await edge.ask([
    { method: 'POST', path: '/api/v1/settings/firewall', body: { changes } },
    { method: 'POST', path: CONFIRM },
  ]);
  assert.equal(written?.status, 200, JSON.stringify(written?.body));
  assert.equal(old?.status, 409);
  assert.match(JSON.stringify(old?.body), /opened before the change/);
  assert.equal((await edge.one('POST', CONFIRM)).status, 200);
  assert.equal((await edge.last('confirmed')).verdict.fresh_connection.proved, true);
  assert.equal(edge.judged(), before);
});

test('a harmless change confirms itself by its probes; one that cuts its author off is taken back by them', {
  skip,
}, async (t) => {
  await using edge = await LaunchedEdge.open(t, `${SETTINGS}changes: { trial: 1m }\n`);
  await edge.start();
  const before = edge.judged();
  const harmless = await edge.one('POST', '/api/v1/settings/firewall', { changes: { denied_networks: HARMLESS } });
  assert.equal(harmless.status, 200, JSON.stringify(harmless.body));
  const { verdict } = await edge.last('confirmed');
  assert.equal(verdict.by, 'probes', JSON.stringify(verdict));
  const after = edge.judged();
  assert.notEqual(after, before);

  const cutting = await edge.one('POST', '/api/v1/settings/firewall', { changes: { denied_networks: ['0.0.0.0/0'] } });
  assert.equal(cutting.status, 200, JSON.stringify(cutting.body));
  const taken = await edge.last('reverted');
  assert.equal(taken.verdict.by, 'probes_failed', JSON.stringify(taken.verdict));
  assert.equal(edge.judged(), after);
});

test('a change that the daemon cannot start with is taken back after three starts, and a boot has the confirmed rules', {
  skip,
}, async (t) => {
  await using edge = await LaunchedEdge.open(t, SETTINGS);
  await edge.start();
  const [config, before] = [edge.config, edge.judged()];
  const netns = 'bz-there-is-no-such';
  const tried = await edge.one('POST', TENTATIVE, { changes: { denied_networks: ['0.0.0.0/0'], netns } });
  assert.equal(tried.status, 200, JSON.stringify(tried.body));
  const { verdict } = await edge.last('reverted');
  assert.equal(verdict.by, 'failed_starts');
  assert.deepEqual([edge.config, edge.judged()], [config, before]);
  assert.equal((await edge.one('GET', '/api/v1/status')).status, 200);

  await edge.killAll();
  const booted = new NetworkNamespace('booted');
  try {
    booted.exec('sh', [join(ROOT, 'systemd/early'), edge.daemon.state]);
    assert.equal(
      judgedIn((command, args) => booted.exec(command, args)),
      before,
    );
  } finally {
    booted.dispose();
  }
});

test('a listener on trial is the old one again when nobody confirms it', { skip }, async (t) => {
  await using edge = await LaunchedEdge.open(t, SETTINGS);
  await edge.start();
  const { config } = edge;
  const changed = await edge.one('POST', '/api/v1/settings/webui', { changes: { listen: '0.0.0.0:9444' } });
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  await waitFor('the new listener', async () =>
    (await edge.one('GET', '/api/v1/status', undefined, 9444)).status === 200 ? true : undefined,
  );
  await edge.killAll();
  // As if its time had passed.
  const trial = join(edge.daemon.state, 'change/pending/trial');
  writeFileSync(trial, readFileSync(trial, 'utf8').replace(/^deadline=.*$/m, 'deadline=1'));
  await edge.start();
  assert.equal((await edge.one('GET', '/api/v1/status')).status, 200);
  assert.equal((await edge.last('reverted')).verdict.by, 'deadline');
  assert.equal(edge.config, config);
  const listening = execFileSync('ip', ['netns', 'exec', edge.boundary.edge.name, 'ss', '-Hltn'], { encoding: 'utf8' });
  assert.doesNotMatch(listening, /:9444/);
});
