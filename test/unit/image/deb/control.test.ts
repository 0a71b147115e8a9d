import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controlFile, debianVersion, filledIn, unitWords } from '../../../../image/deb/control.ts';
import { copyrightFile } from '../../../../image/deb/copyright.ts';

for (const [version, debian] of [
  ['0.1.0', '0.1.0'],
  ['1.0.0-rc.1', '1.0.0~rc.1'],
  ['1.0.0-rc-1', '1.0.0~rc.1'],
] as const)
  test(`version ${version} is ${debian} to Debian`, () => assert.equal(debianVersion(version), debian));

test('the control file is what dpkg reads', () => {
  const facts = { version: '1.2.3', description: 'Cuts', architecture: 'amd64', depends: ['a', 'b (>= 1)'] };
  const text = controlFile({ ...facts, installedKiB: 7 });
  assert.match(text, /^Package: bartizan\nVersion: 1\.2\.3\nArchitecture: amd64\n/);
  assert.match(text, /\nInstalled-Size: 7\nDepends: a, b \(>= 1\)\n/);
  assert.match(text, /\nDescription: cuts\n \w/);
  assert.match(text, /\n$/);
});

test('sockets come first and the daemon last, what runs once is not restarted, a template is nobody', () => {
  const units = [
    { name: 'bartizan.service', text: '[Service]\nType=notify\n[Install]\nWantedBy=multi-user.target\n' },
    { name: 'bartizan-early.service', text: '[Service]\nType=oneshot\n[Install]\nWantedBy=sysinit.target\n' },
    { name: 'bartizan-net-hand.service', text: '[Service]\nType=notify\n' },
    { name: 'bartizan-net-hand.socket', text: '[Socket]\n[Install]\nWantedBy=sockets.target\n' },
    { name: 'bartizan-page@.service', text: '[Service]\n[Install]\nWantedBy=getty.target\n' },
  ];
  assert.deepEqual(unitWords(units), {
    units: 'bartizan.service bartizan-early.service bartizan-net-hand.service bartizan-net-hand.socket',
    installable: 'bartizan.service bartizan-early.service bartizan-net-hand.socket',
    running: 'bartizan-net-hand.socket bartizan-net-hand.service bartizan.service',
    started: 'bartizan-net-hand.socket bartizan.service',
  });
});

test('a script with a word that nobody fills in is refused', () => {
  assert.equal(filledIn("all='@units@'", { units: 'a b' }), "all='a b'");
  assert.throws(() => filledIn('@unit@', { units: 'a' }), /@unit@/);
});

test('licence texts stand in the form of a copyright file', () => {
  const one = { path: 'node_modules/x', name: 'x', version: '1', licence: 'MIT', texts: ['Copyright me\n\nFree.\n'] };
  const bare = { ...one, path: 'node_modules/y', name: 'y', texts: [] };
  const text = copyrightFile([one, bare]);
  assert.match(text, /\n\nFiles: usr\/lib\/bartizan\/node_modules\/x\/\*\nComment: x 1\n/);
  assert.match(text, /\n Copyright me\n \.\n Free\.\n/);
  assert.match(text, /\n y says MIT and brings no text\.\n/);
});
