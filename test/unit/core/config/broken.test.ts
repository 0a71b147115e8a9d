import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeConfig, LARGEST_CONFIG, parseConfig } from '../../../../core/config/read.ts';
import { SETTINGS } from '../../../../core/config/settings.ts';
import { AROUND } from './surroundings.ts';

const TOP =
  'hostname, state_dir, webui, infra_ips, auto_response, thresholds, disabled_checks, watchers, parsers, firewall, lists, outbound, events, blobs, controller, changes, image, host, log';
const FIREWALL_KEYS = Object.keys(SETTINGS.firewall.settings).join(', ');
const HASH = 'a'.repeat(64);

interface Broken {
  readonly kind: string;
  readonly text: string;
  /** The messages, in order, without the file's name. */
  readonly says: readonly string[];
}

const BROKEN: readonly Broken[] = [
  {
    kind: 'a mistyped key in a section',
    text: 'firewall:\n  # the table\n  tabel: x\n',
    says: [`3:3: firewall.tabel: unknown key (did you mean "table"?); allowed: ${FIREWALL_KEYS}`],
  },
  {
    kind: 'a range that goes down',
    text: 'firewall:\n  passive_ftp_start: 40000\n  passive_ftp_end: 30000\n',
    says: ['3:3: firewall.passive_ftp_end: must be at least 40000, which is firewall.passive_ftp_start; found 30000'],
  },
  {
    kind: 'a mistyped section',
    text: 'hostname: a\nfirewal: {}\n',
    says: [`2:1: firewal: unknown key (did you mean "firewall"?); allowed: ${TOP}`],
  },
  {
    kind: 'a key that resembles nothing',
    text: 'telemetry: true\n',
    says: [`1:1: telemetry: unknown key; allowed: ${TOP}`],
  },
  {
    kind: 'a key that lost its indentation',
    text: 'webui:\nlisten: "127.0.0.1:1"\n',
    says: [`2:1: listen: unknown key (it belongs under "webui:"); allowed: ${TOP}`],
  },
  {
    kind: 'a top-level key inside a section',
    text: 'firewall:\n  infra_ips: []\n',
    says: [`2:3: firewall.infra_ips: unknown key (it belongs at the top level); allowed: ${FIREWALL_KEYS}`],
  },
  {
    kind: 'a source that is not known yet',
    text: 'watchers:\n  jurnal: true\n',
    says: [
      '2:3: watchers.jurnal: unknown key (did you mean "journal"?); allowed: files, journal, journal_directory, syslog',
    ],
  },
  {
    kind: 'a certificate without its key',
    text: 'webui:\n  tls_cert: /etc/ssl/edge.pem\n',
    says: ['2:3: webui.tls_cert: webui.tls_cert and webui.tls_key belong together; webui.tls_key is missing'],
  },
  {
    kind: 'a key without its certificate',
    text: 'webui: { tls_key: /etc/ssl/edge.key }\n',
    says: ['1:10: webui.tls_key: webui.tls_cert and webui.tls_key belong together; webui.tls_cert is missing'],
  },
  {
    kind: 'every address as a proxy',
    text: 'webui: { trusted_proxies: ["0.0.0.0/0"] }\n',
    says: [
      '1:28: webui.trusted_proxies[0]: must be an address or a network in CIDR form, /8 or smaller, found "0.0.0.0/0"',
    ],
  },
  {
    kind: 'a name that is none',
    text: 'webui: { tls_names: ["*.example.net"] }\n',
    says: ['1:22: webui.tls_names[0]: must be a host name or an address, found "*.example.net"'],
  },
  {
    kind: 'yes for true',
    text: 'firewall:\n  enabled: yes\n',
    says: ['2:12: firewall.enabled: must be true or false, found the text "yes"'],
  },
  {
    kind: 'text for a number',
    text: 'firewall: { max_blocks: many }\n',
    says: ['1:25: firewall.max_blocks: must be a whole number from 1 to 10000000, found the text "many"'],
  },
  {
    kind: 'a number out of range',
    text: 'thresholds:\n  ssh_bruteforce_failures: 1\n',
    says: ['2:28: thresholds.ssh_bruteforce_failures: must be a whole number from 2 to 1000, found the number 1'],
  },
  {
    kind: 'a fraction',
    text: 'thresholds:\n  ssh_bruteforce_failures: 2.5\n',
    says: ['2:28: thresholds.ssh_bruteforce_failures: must be a whole number from 2 to 1000, found the number 2.5'],
  },
  {
    kind: 'a number for text',
    text: 'hostname: 12\n',
    says: [
      '1:11: hostname: must be text (1 to 253 letters, digits, "." or "-"), found the number 12; put it in quotes',
    ],
  },
  {
    kind: 'a list for a mapping',
    text: 'firewall:\n- enabled\n',
    says: [`2:1: firewall: must be a mapping with the keys ${FIREWALL_KEYS}; found a list`],
  },
  {
    kind: 'a text for a list',
    text: 'infra_ips: 192.0.2.1\n',
    says: ['1:12: infra_ips: must be a list, found the text "192.0.2.1"'],
  },
  {
    kind: 'a key without a value',
    text: 'log:\n  level:\n',
    says: ['2:9: log.level: has no value; write one of debug, info, warn, error, or leave the key out'],
  },
  {
    kind: 'a word that is no choice',
    text: 'log:\n  level: warm\n',
    says: ['2:10: log.level: must be one of debug, info, warn, error, found "warm" (did you mean "warn"?)'],
  },
  {
    kind: 'a key given twice',
    text: 'log: {}\nhostname: a\nlog: {}\n',
    says: ['3:1: log: this key is given twice, first on line 1'],
  },
  {
    kind: 'a key given twice in a section',
    text: 'firewall:\n  enabled: true\n  enabled: false\n',
    says: ['3:3: firewall.enabled: this key is given twice, first on line 2'],
  },
  {
    kind: 'a tab for indentation',
    text: 'log:\n\tlevel: info\n',
    says: ['2:1: tabs cannot indent YAML; use blanks'],
  },
  {
    kind: 'an unclosed bracket',
    text: 'infra_ips: [192.0.2.1\n',
    says: ['2:1: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]'],
  },
  {
    kind: 'an unclosed quote',
    text: 'hostname: "edge\n',
    says: ['2:1: not valid YAML: Missing closing "quote'],
  },
  {
    kind: 'two documents',
    text: 'log: {}\n---\nhostname: a\n',
    says: ['2:1: a second document begins here; a config is one document, without "---" in it'],
  },
  { kind: 'a list as the file', text: '- log\n', says: [`1:1: must be a mapping with the keys ${TOP}; found a list`] },
  {
    kind: 'a text as the file',
    text: 'Lorem ipsum\n',
    says: [`1:1: must be a mapping with the keys ${TOP}; found the text "Lorem ipsum"`],
  },
  {
    kind: 'an old YAML version',
    text: '%YAML 1.1\n---\nfirewall: { enabled: yes }\n',
    says: ['1:1: YAML 1.1 is not read; leave the %YAML line out'],
  },
  {
    kind: 'a tag',
    text: 'hostname: !!binary aGk=\n',
    says: [
      '1:20: hostname: must be text (1 to 253 letters, digits, "." or "-"), found the tag tag:yaml.org,2002:binary',
    ],
  },
  {
    kind: 'an alias without an anchor',
    text: 'hostname: *name\n',
    says: ['1:11: hostname: must be text (1 to 253 letters, digits, "." or "-"), found an alias without its anchor'],
  },
  {
    kind: 'a network with a bad prefix',
    text: 'infra_ips:\n  - 10.0.0.0/8\n  - 10.0.0.0/33\n',
    says: ['3:5: infra_ips[1]: must be an address or a network in CIDR form, found "10.0.0.0/33"'],
  },
  {
    kind: 'a bad duration',
    text: 'auto_response:\n  block_expiry: 1 day\n',
    says: ['2:17: auto_response.block_expiry: must be a duration from 1m to 3650d, or 0 for permanent, found "1 day"'],
  },
  {
    kind: 'a duration out of bounds',
    text: 'thresholds:\n  ssh_bruteforce_window: 25h\n',
    says: ['2:26: thresholds.ssh_bruteforce_window: must be a duration from 10s to 24h, found "25h"'],
  },
  {
    kind: 'a window without end',
    text: 'thresholds:\n  ssh_bruteforce_window: "0"\n',
    says: ['2:26: thresholds.ssh_bruteforce_window: must be a duration from 10s to 24h, found "0"'],
  },
  {
    kind: 'a listen address without host',
    text: 'webui: { listen: ":9443" }\n',
    says: ['1:18: webui.listen: must be ADDRESS:PORT, e.g. 127.0.0.1:9443, 0.0.0.0:9443 or [::]:9443, found ":9443"'],
  },
  {
    kind: 'a port out of range',
    text: 'webui: { listen: "0.0.0.0:99999" }\n',
    says: ['1:18: webui.listen: port 99999 is out of range 0 to 65535, found "0.0.0.0:99999"'],
  },
  {
    kind: 'a table name that nftables would take and we do not',
    text: 'firewall:\n  table: Edge-1\n',
    says: ['2:10: firewall.table: must be 1 to 31 lower-case letters, digits or "_", found "Edge-1"'],
  },
  {
    kind: 'a parser nobody registered',
    text: 'watchers:\n  files:\n    - path: /var/log/auth.log\n      parser: ssh\n',
    says: ['4:15: watchers.files[0].parser: must be the name of a parser: sshd, syslog, found "ssh"'],
  },
  {
    kind: 'a relative path',
    text: 'watchers: { files: [{ path: auth.log, parser: sshd }] }\n',
    says: ['1:29: watchers.files[0].path: must be an absolute path, beginning with /, found "auth.log"'],
  },
  {
    kind: 'a missing key in an entry',
    text: 'watchers:\n  files:\n    - path: /a\n',
    says: ['3:7: watchers.files[0]: "parser" is missing: the name of a parser'],
  },
  {
    kind: 'the same file twice',
    text: 'watchers:\n  files:\n    - { path: /a, parser: sshd }\n    - { path: /a, parser: syslog }\n',
    says: ['4:15: watchers.files[1].path: "/a" is given twice, first on line 3'],
  },
  {
    kind: 'two tokens of one name',
    text: `webui:\n  tokens:\n    - { name: a, token_sha256: ${HASH}, scope: read }\n    - { name: a, token_sha256: ${HASH}, scope: admin }\n`,
    says: ['4:15: webui.tokens[1].name: "a" is given twice, first on line 3'],
  },
  {
    kind: 'a token in two forms',
    text: `webui:\n  tokens:\n    - { name: a, token_sha256: ${HASH}, token_file: /t, scope: read }\n`,
    says: [
      '3:7: webui.tokens[0]: must have exactly one of token, token_sha256, token_file; it has token_sha256 and token_file',
    ],
  },
  {
    kind: 'a token in no form',
    text: 'webui:\n  tokens:\n    - { name: a, scope: read }\n',
    says: ['3:7: webui.tokens[0]: must have exactly one of token, token_sha256, token_file; it has none'],
  },
  {
    kind: 'a state directory too long for its socket',
    text: `state_dir: /${'x'.repeat(100)}\n`,
    says: [`1:12: state_dir: must have at most 94 bytes, found "/${'x'.repeat(58)}…"`],
  },
  {
    kind: 'several things at once',
    text: 'log: { level: 1 }\nfoo: 1\nfirewall: { enabled: 0 }\n',
    says: [
      '1:15: log.level: must be one of debug, info, warn, error, found the number 1',
      `2:1: foo: unknown key; allowed: ${TOP}`,
      '3:22: firewall.enabled: must be true or false, found the number 0',
    ],
  },
];

for (const { kind, text, says } of BROKEN) {
  test(`broken config: ${kind}`, () => {
    const read = parseConfig(text, 'bartizan.yaml', AROUND);
    assert.ok(!read.ok);
    assert.equal(read.public, says.map((line) => `bartizan.yaml:${line}`).join('\n'));
  });
}

const bytes = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));

for (const { kind, file, says } of [
  { kind: 'Latin-1', file: bytes('log: {}\nhostname: caf', [0xe9], '\n'), says: 'b.yaml:2:1: is not UTF-8 text' },
  { kind: 'cut inside a character', file: bytes('# caf', [0xc3]), says: 'b.yaml:1:1: is not UTF-8 text' },
  { kind: 'UTF-16', file: bytes([0xff, 0xfe, 0x61, 0]), says: 'b.yaml:1:1: is not UTF-8 text' },
  {
    kind: 'binary',
    file: bytes('a: b\n\0\0'),
    says: 'b.yaml:2:1: holds a control character; a config is plain text',
  },
  {
    kind: 'too large',
    file: new Uint8Array(LARGEST_CONFIG + 1),
    says: 'b.yaml: has 1048577 bytes; at most 1048576 are read',
  },
]) {
  test(`broken config file: ${kind}`, () => {
    const decoded = decodeConfig(file, 'b.yaml');
    assert.ok(!decoded.ok);
    assert.equal(decoded.public, says);
  });
}

test('a secret of the wrong form is not shown', () => {
  const written = 'webui:\n  metrics_token: hunter2\n  tokens:\n    - { name: a, token: 24680, scope: read }\n';
  const read = parseConfig(written, 'b.yaml', AROUND);
  assert.ok(!read.ok);
  assert.equal(read.problems.length, 2);
  assert.doesNotMatch(read.public, /hunter2|24680/);
});

test('what a message quotes is printable and short', () => {
  const read = parseConfig(`"\\e[2J${'k'.repeat(500)}": 1\nhostname: "\\e]0;x\\a"\n`, 'b.yaml', AROUND);
  assert.ok(!read.ok);
  assert.match(read.public, /b\.yaml:1:1: \\x1b\[2Jk+…: unknown key/);
  assert.match(read.public, /found "\\x1b\]0;x\\x07"/);
  assert.doesNotMatch(read.public.replaceAll('\n', ''), /\p{Cc}/u);
});

for (const { kind, text } of [
  { kind: 'nested brackets', text: '['.repeat(4_000) },
  { kind: 'nested mappings', text: `${'{a: '.repeat(600)}` },
  { kind: 'an alias that holds itself', text: 'infra_ips: &a [*a, *a]\n' },
  {
    kind: 'a billion laughs',
    text: `${Array.from({ length: 20 }, (_, i) => `a${i}: &a${i} [${`*a${i - 1},`.repeat(i === 0 ? 0 : 9)}]`).join('\n')}\ninfra_ips: *a19\n`,
  },
  { kind: 'aliases without end', text: `hostname: &h x\ninfra_ips: [${'*h,'.repeat(600)}]\n` },
]) {
  test(`a hostile config is refused soon: ${kind}`, () => {
    const read = parseConfig(text, 'b.yaml', AROUND);
    assert.ok(!read.ok);
    assert.ok(read.problems.length >= 1 && read.problems.length <= 50);
  });
}
