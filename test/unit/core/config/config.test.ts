import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis, shortDuration } from '../../../../core/base/time.ts';
import { changedSettings, REDACTED, redacted, withValue } from '../../../../core/config/change.ts';
import { defaultConfigText } from '../../../../core/config/default-text.ts';
import { durationOf, parseListen } from '../../../../core/config/formats.ts';
import { modeOf } from '../../../../core/config/mode.ts';
import { checkConfig, decodeConfig } from '../../../../core/config/read.ts';
import { view } from '../../../../core/config/setting.ts';
import { PLACED_SETTINGS, SETTINGS } from '../../../../core/config/settings.ts';
import { CHECK_SETTINGS } from '../../../../core/detect/settings.ts';
import { AROUND, loaded } from './surroundings.ts';

const DEFAULTS = {
  hostname: 'edge01',
  state_dir: '/var/lib/bartizan',
  webui: {
    listen: '127.0.0.1:9443',
    engine: 'auto',
    tokens: [],
    session_idle: '12h',
    session_lifetime: '24h',
    trusted_proxies: [],
    access_log: false,
    tls_names: [],
  },
  infra_ips: [],
  auto_response: {
    enabled: true,
    dry_run: false,
    block_ips: true,
    block_expiry: '24h',
    max_blocks_per_hour: 50,
    block_ladder: ['1x', '6x', '30d'],
    repeat_within: '30d',
    netblock: false,
    netblock_threshold: 3,
    netblock_prefix_v4: 24,
    netblock_prefix_v6: 64,
  },
  thresholds: {
    source_ipv4_prefix: 32,
    source_ipv6_prefix: 64,
    ...Object.fromEntries(
      CHECK_SETTINGS.map(({ key, kind, preset }) => [key, kind === 'count' ? preset : shortDuration(millis(preset))]),
    ),
  },
  disabled_checks: [],
  watchers: { files: [], journal: false, syslog: [] },
  parsers: [],
  lists: [],
  outbound: { allow_private: [] },
  firewall: {
    enabled: false,
    denied_networks: [],
    default: 'accept',
    tcp_in: [],
    udp_in: [],
    restricted_tcp: [],
    conn_rate_limit: 0,
    conn_limit: 0,
    syn_flood_protection: false,
    syn_flood_rate: 100,
    syn_flood_burst: 200,
    port_flood: [],
    udp_flood: false,
    udp_flood_rate: 100,
    udp_flood_burst: 500,
    icmp: 'accept',
    icmp_rate: 10,
    log_dropped: false,
    log_rate: 60,
    count_only: [],
    country_block: [],
    table: 'bartizan',
    engine: 'auto',
    hand_socket: '/run/bartizan-doors/net-hand.sock',
    on_stop: 'keep',
    max_blocks: 500_000,
    canary: true,
    canary_interval: '5m',
  },
  events: { keep: '30d', max_mib: 4096, keep_free_percent: 10 },
  blobs: { quota_mib: 1024 },
  controller: {
    enabled: false,
    brokers: [],
    keepalive: '60s',
    max_bytes_per_second: 0,
    outbox: { max_bytes: 67_108_864, max_age: '7d' },
    events: 'none',
  },
  changes: { trial: '5m' },
  image: { readings: 5, stability_window: '60s', confirm_within: '10m' },
  host: { hostname: 'bartizan', timezone: 'UTC', ntp: [], dns: [], search: [], interfaces: [] },
  log: { level: 'info' },
};

for (const { name, text } of [
  { name: 'an empty file', text: '' },
  { name: 'a file of comments', text: '# one\n\n# two' },
  { name: 'sections without a value', text: 'webui:\nfirewall: # later\nlog: {}\n' },
  { name: 'a byte order mark', text: '\ufefflog: {}\n' },
  { name: 'document marks', text: '---\nlog: {}\n...\n' },
]) {
  test(`${name} is the defaults`, () => assert.deepEqual(loaded(text).config, DEFAULTS));
}

test('every default passes its own check', () => {
  assert.deepEqual(checkConfig(DEFAULTS, 'x', AROUND), { ok: true, value: DEFAULTS });
});

test('every setting and every key of a list entry says what it is for', () => {
  for (const { path, setting } of PLACED_SETTINGS) {
    const schema = view(setting.schema);
    const entries = Object.values(schema.items?.properties ?? {});
    const inner = entries.flatMap(({ items }) => Object.values(items?.properties ?? {}));
    const described = [schema, ...entries, ...inner];
    for (const { description = '' } of described) assert.match(description, /^.{10,}\.$/, path);
  }
});

test('an alias stands for its value, an entry without start begins at the beginning, 0 is the text "0"', () => {
  const text = `firewall: { enabled: &on true }
auto_response: { dry_run: *on, block_expiry: 0 }
watchers:
  files: [{ path: /var/log/auth.log, parser: sshd }]
`;
  const { config } = loaded(text);
  assert.equal(config.auto_response.dry_run, true);
  assert.equal(durationOf(config.auto_response.block_expiry), 'never');
  assert.deepEqual(config.watchers.files, [
    { path: '/var/log/auth.log', parser: 'sshd', start: 'beginning', trust: 'auto' },
  ]);
});

test('the hash is the SHA-256 of the bytes of the file', () => {
  assert.equal(loaded('log: {}\n').hash, '9208c3bfd0edee108bde998a08ee7ae0c994764b94deda1aa057c12ec4f8e4d6');
});

test('bytes are read as they are, the byte order mark too', () => {
  assert.deepEqual(decodeConfig(Buffer.from('\ufeff# é\r\nlog: {}'), 'x'), { ok: true, value: '\ufeff# é\r\nlog: {}' });
});

for (const { name, facts } of [
  {
    name: 'with an auth log',
    facts: { ...AROUND, files: [{ path: '/var/log/auth.log', parser: 'sshd' }], journal: true },
  },
  { name: 'without one', facts: { ...AROUND, files: [], journal: false } },
]) {
  test(`the config of a first start ${name} is the defaults, names every setting but deprecated ones and keeps to 100 columns`, () => {
    const text = defaultConfigText(facts);
    const files = facts.files.map((file) => ({ ...file, start: 'beginning', trust: 'auto' }));
    assert.deepEqual(loaded(text).config, { ...DEFAULTS, watchers: { files, journal: facts.journal, syslog: [] } });
    for (const { path, keys, setting } of PLACED_SETTINGS) {
      const isNamed = new RegExp(`^ *(# )?${keys.at(-1)}:`, 'm').test(text);
      assert.equal(isNamed, view(setting.schema).instead === undefined, path);
    }
    assert.ok(text.split('\n').every((line) => line.length <= 100));
  });
}

test('every commented-out line of the first config is valid when the hash mark goes', () => {
  const text = defaultConfigText({ ...AROUND, files: [], journal: false });
  const keys = PLACED_SETTINGS.map(({ keys }) => keys.at(-1)).join('|');
  const live = text
    .split('\n')
    .map((line) => (new RegExp(`^ *# (?:(?:${keys}):|  )`).test(line) ? line.replace('# ', '') : line))
    .join('\n')
    .replace('SECRET', 'a-secret-of-the-metrics');
  const { config } = loaded(live);
  assert.equal(config.firewall.netns, 'edge');
  assert.deepEqual(config.infra_ips, ['192.0.2.1', '2001:db8::/64']);
  assert.equal(config.webui.tokens[0]?.name, 'operator');
});

for (const { text, mode } of [
  { text: '', mode: 'observe' },
  { text: 'firewall: { enabled: true }', mode: 'enforce' },
  { text: 'firewall: { enabled: true }\nauto_response: { dry_run: true }', mode: 'dry_run' },
  { text: 'firewall: { enabled: true }\nauto_response: { enabled: false }', mode: 'dry_run' },
  { text: 'firewall: { enabled: true }\nauto_response: { block_ips: false }', mode: 'dry_run' },
  { text: 'auto_response: { dry_run: true }', mode: 'observe' },
]) {
  test(`mode of "${text.replaceAll('\n', ', ')}" is ${mode}`, () => assert.equal(modeOf(loaded(text).config), mode));
}

test('a redacted config holds no secret, and the rest of it', () => {
  const { config } = loaded(`webui:
  metrics_token: metrics-secret-000
  auth_token: legacy-secret-00000
  tokens:
    - { name: a, token: token-secret-0000000, scope: read }
`);
  const shown = redacted(config);
  assert.doesNotMatch(JSON.stringify(shown), /secret/);
  assert.deepEqual(shown.webui, {
    ...loaded('').config.webui,
    tokens: [{ name: 'a', token: REDACTED, scope: 'read' }],
    metrics_token: REDACTED,
    auth_token: REDACTED,
  });
});

test('changed settings say when they take effect', () => {
  const before = loaded('').config;
  const after = loaded('firewall: { enabled: true, netns: edge }\ninfra_ips: [192.0.2.1]\n').config;
  assert.deepEqual(changedSettings(before, after), [
    { path: 'infra_ips', applies: 'live' },
    { path: 'firewall.enabled', applies: 'live' },
    { path: 'firewall.netns', applies: 'restart' },
  ]);
  assert.deepEqual(changedSettings(before, before), []);
});

test('withValue changes one setting and not the config it was given', () => {
  const { config } = loaded('');
  const placed = PLACED_SETTINGS.find(({ path }) => path === 'log.level');
  assert.ok(placed);
  assert.equal(withValue(config, placed, 'debug').log.level, 'debug');
  assert.equal(config.log.level, SETTINGS.log.settings.level.schema.enum[1]);
});

for (const { text, gives } of [
  { text: '127.0.0.1:9443', gives: { host: '127.0.0.1', port: 9443 } },
  { text: '[::]:9443', gives: { host: '::', port: 9443 } },
  { text: '[2001:DB8:0::1]:0', gives: { host: '2001:db8::1', port: 0 } },
  { text: 'localhost:443', gives: { host: 'localhost', port: 443 } },
  { text: 'gate.example.net:65535', gives: { host: 'gate.example.net', port: 65_535 } },
]) {
  test(`listen address ${text}`, () => assert.deepEqual(parseListen(text), { ok: true, value: gives }));
}

for (const text of [
  '',
  '9443',
  ':9443',
  '127.0.0.1',
  '127.0.0.1:',
  '127.0.0.1:65536',
  '127.0.0.1:9443 ',
  '999.0.0.1:1',
  '127.1:1',
  '::1:9443',
  '[::1]',
  '[127.0.0.1]:1',
  '[fe80::1%eth0]:1',
  'a_b:1',
  'host:-1',
]) {
  test(`listen address "${text}" is refused`, () => assert.equal(parseListen(text).ok, false));
}
