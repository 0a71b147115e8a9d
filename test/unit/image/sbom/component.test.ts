import assert from 'node:assert/strict';
import { test } from 'node:test';
import { debianPurl, licencesOf, npmPurl } from '../../../../image/sbom/component.ts';

test('package URLs quote what their parts may not hold', () => {
  assert.equal(
    debianPurl('libstdc++6', '1:14.2.0-19+b1', 'amd64', 'trixie'),
    'pkg:deb/debian/libstdc%2B%2B6@1:14.2.0-19%2Bb1?arch=amd64&distro=trixie',
  );
  assert.equal(npmPurl('@peculiar/x509', '2.2.0'), 'pkg:npm/%40peculiar/x509@2.2.0');
});

test('licences of a copyright file of the machine-readable form, each once', () => {
  const copyright =
    'Format: https://…/copyright-format/1.0/\n\nFiles: *\nLicense: GPL-2+\n Text\n\nLicense: Expat\n\nLicense: GPL-2+\n';
  assert.deepEqual(licencesOf(copyright), ['Expat', 'GPL-2+']);
});

test('a copyright file of free text tells the common licences that it refers to, else the GNU licences it names', () => {
  const referring = 'see /usr/share/common-licenses/GPL-2, and /usr/share/common-licenses/LGPL-2.1.\n';
  assert.deepEqual(licencesOf(referring), ['GPL-2', 'LGPL-2.1']);
  const speaking =
    'texts are in /usr/share/common-licenses/ .\nthe GNU Lesser General Public\nLicense, version 2.1 (or, at your option, any later version)\n';
  assert.deepEqual(licencesOf(speaking), ['LGPL-2.1+']);
  assert.deepEqual(licencesOf('This is free.\nLicense: as you like\n'), []);
});
