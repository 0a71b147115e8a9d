import assert from 'node:assert/strict';
import { test } from 'node:test';
import { probesOf } from '../../../../core/change/probe-policy.ts';
import type { Origin } from '../../../../core/respond/decision.ts';

const of = (parts: readonly string[], peer = '192.0.2.2', origin: Origin = 'web_ui') =>
  probesOf({ parts, word: { actor: 'operator', origin, peer } });

for (const [parts, names] of [
  [['firewall.denied_networks'], ['gateway', 'dns', 'admin-source', 'api', 'disk', 'store']],
  [['lists'], ['gateway', 'dns', 'admin-source', 'api', 'disk', 'store']],
  [['infra_ips'], ['gateway', 'dns', 'admin-source', 'api', 'disk', 'store']],
  [
    ['webui.listen', 'webui.tokens'],
    ['api', 'credential', 'disk', 'store'],
  ],
  [
    ['webui.listen', 'infra_ips'],
    ['gateway', 'dns', 'admin-source', 'api', 'credential', 'disk', 'store'],
  ],
  [['thresholds.ssh'], ['disk', 'store']],
  [
    ['constructor.x', '__proto__'],
    ['disk', 'store'],
  ],
] as const)
  test(`${parts.join(' and ')}: ${names.join(', ')}`, () => assert.deepEqual(of(parts), names));

test('what was ordered on the machine has no credential to try', () => {
  const names = ['gateway', 'dns', 'admin-source', 'api', 'disk', 'store'];
  assert.deepEqual(of(['firewall.table', 'webui.listen'], 'local', 'cli'), names);
});
