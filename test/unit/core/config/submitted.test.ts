import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from 'typebox';
import { REDACTED } from '../../../../core/config/change.ts';
import { type SettingsSection, sectionOf } from '../../../../core/config/sections.ts';
import { setting } from '../../../../core/config/setting.ts';
import { submitted } from '../../../../core/config/submitted.ts';
import { loaded } from './surroundings.ts';

const SECRET = 'secret-secret-secret';
const { config } = loaded(`webui:
  metrics_token: ${SECRET}
  tokens:
    - { name: panel, token: ${SECRET}-panel, scope: read }
    - { name: ops, token: ${SECRET}-ops, scope: admin }
`);

function sent(id: string, values: Readonly<Record<string, unknown>>) {
  const section = sectionOf(id);
  assert.ok(section);
  return submitted(section, values, config);
}

test('fields become changes of settings, a list section by the empty key', () => {
  assert.deepEqual(sent('log', { level: 'debug' }).changes, [{ path: 'log.level', value: 'debug' }]);
  assert.deepEqual(sent('infra_ips', { '': ['192.0.2.1'] }).changes, [{ path: 'infra_ips', value: ['192.0.2.1'] }]);
});

test('an unknown field is a problem that names what there is', () => {
  assert.deepEqual(sent('log', { levle: 'debug', '': 1 }).problems, [
    { field: 'log.levle', message: 'unknown field; did you mean "level"?' },
    { field: 'log', message: 'unknown field; this section has "level"' },
  ]);
});

test('of many fields some are named', () => {
  const [{ message } = { message: '' }] = sent('firewall', { colour: 1 }).problems;
  assert.match(message, /^unknown field; this section has (?:"\w+"(?:, )?){8} and \d+ more$/);
});

test('null takes an optional setting out, and is no value for any other', () => {
  assert.deepEqual(sent('webui', { tls_cert: null, listen: null }), {
    changes: [{ path: 'webui.tls_cert', value: undefined }],
    problems: [{ field: 'webui.listen', message: 'must have a value' }],
  });
});

test('a secret that comes back as it was shown stays, also in an entry that moved or changed', () => {
  const tokens = [
    { name: 'ops', token: REDACTED, scope: 'read' },
    { name: 'new', token: REDACTED, scope: 'read' },
  ];
  assert.deepEqual(sent('webui', { metrics_token: REDACTED, tokens }).changes, [
    { path: 'webui.metrics_token', value: SECRET },
    {
      path: 'webui.tokens',
      value: [
        { name: 'ops', token: `${SECRET}-ops`, scope: 'read' },
        { name: 'new', token: REDACTED, scope: 'read' },
      ],
    },
  ]);
});

test('fractions and whole numbers in a list may be text, a single whole number may not', () => {
  const about = { applies: 'live' } as const;
  const fields = Object.entries({
    share: setting(Type.Number({ minimum: 0, maximum: 1 }), about),
    ports: setting(Type.Array(Type.Integer({ minimum: 1, maximum: 9 })), about),
    count: setting(Type.Integer({ minimum: 1, maximum: 9 }), about),
  }).map(([key, one]) => ({ key, placed: { path: `x.${key}`, keys: ['x', key] as const, setting: one } }));
  const section: SettingsSection = { id: 'x', title: 'X', group: 'Operations', fields };
  const { changes } = submitted(section, { share: '0.5', ports: ['1', 2, 'x'], count: '3' }, {
    ...config,
    x: {},
  } as typeof config);
  assert.deepEqual(
    changes.map(({ value }) => value),
    [0.5, [1, 2, 'x'], '3'],
  );
});
