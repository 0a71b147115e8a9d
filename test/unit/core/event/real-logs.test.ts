import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { millis } from '../../../../core/base/time.ts';
import { createDetectors } from '../../../../core/detect/checks.ts';
import { Pipeline } from '../../../../core/detect/pipeline.ts';
import { replay } from '../../../../core/detect/replay.ts';
import { createParsers } from '../../../../core/event/parsers.ts';
import { UTC } from '../../../../core/event/syslog-time.ts';

/** Real logs are not part of the product: they lie beside its checkout, or where `BARTIZAN_REAL_LOGS` says. */
const LOGS =
  process.env['BARTIZAN_REAL_LOGS'] ?? fileURLToPath(new URL('../../../../../../shared/data/logs', import.meta.url));

/** What becomes of each line: `action` or `action+ip`, or the reason it is unparsed. */
const TABLE: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'OpenSSH_2k.log': {
    'ssh_accepted_password+ip': 1,
    'ssh_connection_closed+ip': 34,
    ssh_connection_reset: 1,
    'ssh_failed_none+ip': 4,
    'ssh_failed_password+ip': 520,
    ssh_invalid_user: 113,
    'ssh_invalid_user+ip': 113,
    ssh_max_attempts: 3,
    'ssh_no_identification+ip': 10,
    ssh_pam_failure: 142,
    'ssh_pam_failure+ip': 497,
    ssh_pam_other: 7,
    'ssh_received_disconnect+ip': 468,
    'ssh_reverse_mapping+ip': 85,
    ssh_session_closed: 1,
    ssh_session_opened: 1,
  },
  'Linux_2k.log': {
    'other-program': 1323,
    ssh_pam_failure: 305,
    'ssh_pam_failure+ip': 300,
    ssh_session_closed: 36,
    ssh_session_opened: 36,
  },
  'Apache_2k.log': { 'no-header': 2000 },
};

for (const [name, expected] of Object.entries(TABLE))
  test(`${name}: every line is an event or counted with its reason`, {
    skip: existsSync(`${LOGS}/${name}`) ? false : 'the log is not on this machine',
  }, () => {
    const pipeline = new Pipeline(createParsers({ zone: UTC }), createDetectors());
    const counts: Record<string, number> = {};
    const settings = {
      pipeline,
      parser: 'sshd',
      receivedAt: millis(Date.UTC(2026, 10, 22)),
      provenance: 'file',
    } as const;
    for (const item of replay([readFileSync(`${LOGS}/${name}`)], settings)) {
      if (item.kind === 'finding') continue;
      const what = item.kind === 'unparsed' ? item.reason : item.event.action + (item.event.sourceIp ? '+ip' : '');
      counts[what] = (counts[what] ?? 0) + 1;
    }
    assert.deepEqual(counts, expected);
  });
