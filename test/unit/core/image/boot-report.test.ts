import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootReportOf, bootTroubles } from '../../../../core/image/boot-report.ts';

const said = (ident: string, data: string): string => `slot=A\ndisk=sda\nident=${ident}\ndata=${data}\n`;

for (const [ident, data, checks] of [
  ['clean', 'clean', []],
  ['clean', 'repaired', ['data_repaired']],
  ['repaired', 'clean', ['ident_repaired']],
  ['repaired', 'repaired', ['ident_repaired', 'data_repaired']],
  ['clean', 'reset', ['data_reset']],
  ['clean', 'unheard', []],
] as const)
  test(`ident ${ident} and data ${data}: ${checks.join(' and ') || 'nothing to tell'}`, () => {
    const report = bootReportOf(said(ident, data));
    assert.deepEqual(report, { ident, data });
    assert.deepEqual(
      bootTroubles({ ident, data }).map(({ check }) => check),
      checks,
    );
  });

test('what says nothing of the disk is no report', () => {
  for (const text of ['', 'slot=A\n', 'ident=clean\n', 'ident=\u001b[2J\ndata=clean\n'])
    assert.equal(bootReportOf(text), undefined);
});
