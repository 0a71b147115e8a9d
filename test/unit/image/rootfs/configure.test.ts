import assert from 'node:assert/strict';
import { test } from 'node:test';
import { releaseOf } from '../../../../core/image/release.ts';
import { AMD64 } from '../../../../image/architecture.ts';
import { looseAccounts, osRelease, withoutDates } from '../../../../image/rootfs/configure.ts';

const debian = 'ID=debian\nVERSION_CODENAME=trixie\nVERSION_ID="13"\n';

for (const lab of [true, false])
  test(`the program reads from os-release what was built, ${lab ? 'lab' : 'production'}`, () => {
    const text = osRelease(debian, { version: '1.4.0', architecture: AMD64, lab });
    assert.deepEqual(releaseOf(text), { imageId: 'bartizan', version: '1.4.0', isLab: lab });
    assert.match(text, /^DEBIAN_VERSION_ID=13$/m);
  });

test('an account whose number nobody fixed is told, and one that got another number', () => {
  const passwd = 'root:x:0:0::/root:/bin/sh\nfixed:x:800:800::/:/x\nnew:x:997:997::/:/x\nnobody:x:65534:65534::/:/x\n';
  assert.deepEqual(looseAccounts(passwd, '# comment\nu fixed 800 "Fixed" /'), ['new (997)']);
  assert.deepEqual(looseAccounts('fixed:x:801:801::/:/x', 'u fixed 800 "Fixed" /'), ['fixed (801)']);
});

test('no account tells the day of the build', () => {
  assert.equal(withoutDates('root:*:20779:0:99999:7:::\na:!*:20779::::::\n'), 'root:*::0:99999:7:::\na:!*:::::::\n');
});
