import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldOf, labelOf } from '../../../../core/config/field.ts';
import { canCut, needsWord, SETTINGS_SECTIONS, sectionOf } from '../../../../core/config/sections.ts';
import { GROUPS } from '../../../../core/config/setting.ts';
import { PLACED_SETTINGS } from '../../../../core/config/settings.ts';

test('every setting is in exactly one section, or says why it is changed by hand', () => {
  const offered = SETTINGS_SECTIONS.flatMap(({ fields }) => fields.map(({ placed }) => placed.path));
  assert.equal(new Set(offered).size, offered.length);
  const others = PLACED_SETTINGS.filter(({ path }) => !offered.includes(path));
  assert.deepEqual(
    others.map(({ path }) => path),
    ['state_dir', 'firewall.table'],
  );
  for (const { setting, path } of others) assert.match(setting.byHand ?? '', /./, path);
});

test('what can shut an administrator out is known by its section', () => {
  const cutting = SETTINGS_SECTIONS.filter((one) => one.canCut === true).map(({ id }) => id);
  assert.deepEqual(cutting, ['webui', 'infra_ips', 'firewall', 'lists', 'controller', 'host']);
  assert.equal(canCut(['log.level', 'webui.listen']), true);
  assert.equal(canCut(['log.level', 'infra_ips']), true);
  assert.equal(canCut(['log.level', 'auto_response.enabled']), false);
  assert.equal(canCut(['host.timezone', 'host.ntp', 'host.hostname']), false, 'though others of their section can');
  assert.equal(canCut(['controller.outbox', 'controller.events']), false, 'though others of their section can');
  assert.deepEqual([['host.dns'], ['webui.listen'], ['host.ntp']].map(needsWord), [true, false, false]);
});

test('every section has a group and a title, every field a type, a label and a help text', () => {
  for (const { group, title, fields } of SETTINGS_SECTIONS) {
    assert.ok(GROUPS.includes(group));
    assert.match(title, /^[A-Z]/);
    for (const field of fields) {
      const { label, help, type, options, schema } = fieldOf(field, title);
      assert.match(label, /^[A-Z]/, field.placed.path);
      assert.match(help, /^.{10,}\.$/, field.placed.path);
      assert.equal(options !== undefined, type === 'enum' || type === '[]enum', field.placed.path);
      assert.equal(schema !== undefined, type === 'json', field.placed.path);
    }
  }
});

for (const { path, is } of [
  { path: 'firewall.max_blocks', is: { type: 'int', min: 1, max: 10_000_000, placeholder: '500000' } },
  { path: 'webui.tls_cert', is: { type: 'string', nullable: true, placeholder: '/etc/ssl/edge/fullchain.pem' } },
  { path: 'webui.metrics_token', is: { type: 'string', secret: true, nullable: true } },
  { path: 'log.level', is: { type: 'enum', options: ['debug', 'info', 'warn', 'error'] } },
  { path: 'infra_ips', is: { key: '', type: '[]string', label: 'Never blocked' } },
  { path: 'disabled_checks', is: { key: '', type: '[]enum' } },
  { path: 'watchers.files', is: { key: 'files', type: 'json' } },
  { path: 'thresholds.ssh_bruteforce_failures', is: { type: 'int', fieldGroup: 'ssh_bruteforce' } },
  { path: 'changes.trial', is: { type: 'string', applies: 'live', placeholder: '5m' } },
]) {
  test(`the field ${path} is described by its declaration`, () => {
    const section = sectionOf(path.split('.')[0] ?? '');
    const field = section?.fields.find(({ placed }) => placed.path === path);
    assert.ok(section && field);
    const described: Readonly<Record<string, unknown>> = { ...fieldOf(field, section.title) };
    for (const [key, value] of Object.entries(is)) assert.deepEqual(described[key], value, key);
  });
}

test('labels are written as people write them', () => {
  assert.equal(labelOf('block_ips'), 'Block IPs');
  assert.equal(labelOf('ssh_bruteforce_failures'), 'SSH bruteforce failures');
});
