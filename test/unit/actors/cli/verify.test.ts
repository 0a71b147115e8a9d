import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fail, ok } from '../../../../core/base/result.ts';
import { runCommand } from '../../../support/cli.ts';

const WHOLE = ok({ records: 3, head: 'ab', signedBy: 'SHA256:z' });

for (const { what, verified, argv, code, says } of [
  { what: 'whole', verified: WHOLE, argv: [], code: 0, says: /whole, 3 records\nhead +ab\nsigned by +SHA256:z\n/ },
  { what: 'of the key', verified: WHOLE, argv: ['--key', 'SHA256:z'], code: 0, says: /whole/ },
  {
    what: 'of another key',
    verified: WHOLE,
    argv: ['--key', 'SHA256:y'],
    code: 4,
    says: /by SHA256:z, not by SHA256:y/,
  },
  {
    what: 'unsigned',
    verified: ok({ records: 1, head: 'ab' }),
    argv: ['--key', 'SHA256:y'],
    code: 4,
    says: /signed by nobody/,
  },
  {
    what: 'altered',
    verified: fail('faulty', 'record 2 was altered'),
    argv: [],
    code: 4,
    says: /record 2 was altered/,
  },
  { what: 'not there', verified: fail('unreadable', 'no store'), argv: [], code: 1, says: /no store/ },
])
  test(`an audit log that is ${what} exits with ${code}`, async () => {
    const told = await runCommand(['verify', ...argv], { verified });
    assert.equal(told.code, code);
    assert.match(told.out + told.err, says);
    const json = JSON.parse((await runCommand(['verify', ...argv, '--json'], { verified })).out);
    assert.equal(json.result, code === 0 ? 'whole' : code === 4 ? 'faulty' : 'unreadable');
  });
