import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { HOST_VERBS } from '../../actors/host/index.ts';
import { sha256Hex } from '../../core/base/ids.ts';
import { renderHost } from '../../core/host/render.ts';
import { HostRoot, NO_HOST, RENDERED } from '../support/host-root.ts';
import { hostSettings } from '../support/host-settings.ts';
import { fc } from '../support/random.ts';
import { ROOT } from '../support/root.ts';
import { loaded } from '../unit/core/config/surroundings.ts';

const rendered = (host: string): string => renderHost(loaded(`host: ${host}\n`).config.host);
const DEFAULT = rendered('{}');
const STATIC = rendered(
  '{ hostname: edge-1, timezone: Europe/Berlin, dns: [192.0.2.53], ntp: [192.0.2.123], interfaces: [{ match: ens3, method: static, addresses: [192.0.2.10/24], gateways: [192.0.2.1] }] }',
);
const RELOAD = 'busctl call org.freedesktop.network1 /org/freedesktop/network1 org.freedesktop.network1.Manager Reload';
const NETWORK = 'run/systemd/network';

test('what the image is delivered with is what no settings say', () => {
  assert.equal(readFileSync(join(ROOT, 'systemd/host-default'), 'utf8'), DEFAULT);
});

test('a network is applied: files for systemd, name, time zone; systemd is told of what is new', {
  skip: NO_HOST,
}, () => {
  using machine = new HostRoot();
  machine.render(STATIC);
  assert.equal(machine.do('apply-network'), 'ok');
  assert.deepEqual(machine.names(NETWORK), ['10-bartizan-0.network']);
  assert.match(machine.text(`${NETWORK}/10-bartizan-0.network`) ?? '', /^\[Match\]\nName=ens3\n\[Network\]\n/);
  assert.equal(machine.text('run/systemd/resolved.conf.d/10-bartizan.conf'), '[Resolve]\nDNS=192.0.2.53\n');
  assert.equal(machine.text('run/systemd/timesyncd.conf.d/10-bartizan.conf'), '[Time]\nNTP=192.0.2.123\n');
  assert.equal(machine.text('proc/sys/kernel/hostname'), 'edge-1\n');
  assert.equal(machine.text('run/bartizan-host/applied'), `${sha256Hex(Buffer.from(STATIC))}\n`);
  assert.deepEqual(machine.called, [
    RELOAD,
    'systemctl try-restart systemd-resolved.service',
    'systemctl try-restart systemd-timesyncd.service',
  ]);
  assert.equal(machine.do('apply-network'), 'ok');
  assert.deepEqual(machine.called, [], 'nothing is new');
  machine.render(STATIC.replace('192.0.2.10/24', '192.0.2.11/24'));
  assert.equal(machine.do('apply-network'), 'ok');
  assert.deepEqual(machine.called, [RELOAD]);
  machine.write(`${NETWORK}/50-of-the-administrator.network`, '');
  machine.render(DEFAULT);
  assert.equal(machine.do('apply-network'), 'ok');
  assert.deepEqual(machine.names(NETWORK), ['50-of-the-administrator.network', '80-bartizan-any.network']);
});

test('what systemd could not be told of is told with the next request', { skip: NO_HOST }, () => {
  using machine = new HostRoot();
  machine.write('bin/busctl', '#!/bin/sh\necho no such bus >&2\nexit 1\n', 0o755);
  machine.render(STATIC);
  assert.equal(machine.do('apply-network'), 'failed: systemd-networkd: no such bus');
  assert.equal(machine.text('run/bartizan-host/applied'), undefined);
  machine.write('bin/busctl', `#!/bin/sh\necho busctl "$@" >>${machine.root}/called\n`, 0o755);
  assert.equal(machine.do('apply-network'), 'ok');
  assert.deepEqual(machine.called[0], RELOAD);
});

test('a machine that is no appliance is left alone, whatever is asked', { skip: NO_HOST }, () => {
  for (const osRelease of ['ID=debian\n', 'ID=debian\nIMAGE_ID=bartizan-lab\nNAME="IMAGE_ID=bartizan"\n', '']) {
    using machine = new HostRoot(osRelease);
    machine.render(STATIC);
    for (const verb of HOST_VERBS) {
      assert.equal(machine.do(verb), 'failed: this machine is no Bartizan appliance');
    }
    assert.equal(machine.run('boot').status, 0);
    assert.deepEqual([machine.called, machine.names(NETWORK), machine.names('data')], [[], [], []]);
  }
});

test('reboot, power off and factory reset are answered and begun', { skip: NO_HOST }, () => {
  using machine = new HostRoot();
  assert.equal(machine.do('reboot'), 'ok');
  assert.equal(machine.do('power-off'), 'ok');
  assert.deepEqual(
    [machine.called, machine.names('data')],
    [['systemctl --no-block reboot', 'systemctl --no-block poweroff'], []],
  );
  assert.equal(machine.do('factory-reset'), 'ok');
  assert.deepEqual([machine.called, machine.names('data')], [['systemctl --no-block reboot'], ['.factory-reset']]);
  rmSync(machine.at('data'), { recursive: true });
  assert.equal(machine.do('factory-reset'), 'failed: the mark for the factory reset cannot be written');
  assert.deepEqual(machine.called, [], 'nothing is half done');
});

test('a factory reset that was told to have failed does not happen later', { skip: NO_HOST }, () => {
  using machine = new HostRoot();
  machine.write('bin/systemctl', '#!/bin/sh\nexit 1\n', 0o755);
  assert.equal(machine.do('factory-reset'), 'failed: systemctl reboot was refused');
  assert.deepEqual(machine.names('data'), []);
  assert.equal(machine.do('reboot'), 'failed: systemctl reboot was refused');
});

test('the slot that does not run is marked bad, or it is said why not', { skip: NO_HOST }, () => {
  using machine = new HostRoot();
  assert.equal(machine.do('refuse-slot'), 'ok');
  assert.deepEqual(machine.called, [
    'busctl call de.pengutronix.rauc / de.pengutronix.rauc.Installer Mark ss bad other',
  ]);
  machine.write('bin/busctl', '#!/bin/sh\necho no such bus >&2\nexit 1\n', 0o755);
  assert.equal(machine.do('refuse-slot'), 'failed: RAUC: no such bus');
});

test('what is asked for is a plain file of the daemon alone, and is gone afterwards', { skip: NO_HOST }, () => {
  using machine = new HostRoot();
  const place = machine.at('run/bartizan/requests/reboot');
  machine.write('secret', 'of root', 0o600);
  const ways: Readonly<Record<string, () => void>> = {
    'a symlink': () => symlinkSync(machine.at('secret'), place),
    'a symlink to a folder': () => symlinkSync(machine.at('data'), place),
    'a folder': () => mkdirSync(join(place, 'a/b'), { recursive: true }),
    'a FIFO': () => execFileSync('mkfifo', [place]),
    'a file of root': () => machine.write('run/bartizan/requests/reboot', ''),
    'a file with two names': () => {
      machine.ask('reboot');
      linkSync(place, machine.at('run/bartizan/other'));
    },
  };
  machine.write('data/kept', 'x');
  for (const [what, make] of Object.entries(ways)) {
    make();
    const { status } = machine.run();
    assert.equal(status, 0, what);
    assert.match(machine.text('run/bartizan-host/answers/reboot') ?? '', /^failed: the request is no plain file/, what);
    assert.deepEqual(
      machine.names('run/bartizan/requests'),
      what === 'a folder' ? machine.names('run/bartizan/requests') : [],
      what,
    );
    assert.deepEqual(machine.called, [], what);
    rmSync(place, { recursive: true, force: true });
  }
  assert.deepEqual([machine.text('secret'), machine.text('data/kept')], ['of root', 'x']);
  for (const name of ['halt', 'reboot ', '.reboot', '-rf', 'reboot\n', '..reboot']) machine.ask(name);
  machine.run();
  assert.deepEqual([machine.called, machine.names('run/bartizan/requests').length], [[], 6], 'other names are nothing');
});

test('what is applied is a plain file of the daemon alone', { skip: NO_HOST }, () => {
  using machine = new HostRoot();
  machine.render(DEFAULT);
  assert.equal(machine.do('apply-network'), 'ok');
  const before = machine.names(NETWORK);
  const place = machine.at(RENDERED);
  machine.write('secret', STATIC, 0o600);
  const ways: Readonly<Record<string, () => void>> = {
    'a symlink to what root alone may read': () => symlinkSync(machine.at('secret'), place),
    'a folder': () => mkdirSync(place),
    'a FIFO': () => execFileSync('mkfifo', [place]),
    nothing: () => {},
    'a file of root': () => machine.write(RENDERED, STATIC),
    'a file with two names': () => {
      machine.render(STATIC);
      linkSync(place, machine.at('var/lib/bartizan/other'));
    },
    'a gigabyte': () => {
      machine.render(STATIC);
      truncateSync(place, 1 << 30);
    },
    'a folder of root behind a symlink': () => {
      rmSync(machine.at('var/lib/bartizan/host'), { recursive: true });
      mkdirSync(machine.at('roots'), { mode: 0o700 });
      machine.write('roots/rendered', STATIC);
      symlinkSync(machine.at('roots'), machine.at('var/lib/bartizan/host'));
    },
  };
  for (const [what, make] of Object.entries(ways)) {
    rmSync(place, { recursive: true, force: true });
    make();
    const began = performance.now();
    assert.match(machine.do('apply-network'), /^failed: (?:there is no )?host\/rendered/, what);
    assert.ok(performance.now() - began < 5000, what);
    assert.deepEqual(machine.names(NETWORK), before, what);
  }
});

const withLine = (line: string): string => DEFAULT.replace('DHCP=yes', `DHCP=yes\n${line}`);

const HOSTILE: Readonly<Record<string, string | Uint8Array>> = {
  'a key that is not known': withLine('IPForward=yes'),
  'a key of another group': withLine('Name=x'),
  'a key of another file': withLine('NTP=192.0.2.1'),
  'a path out of a file name': DEFAULT.replace('80-bartizan-any', '80-bartizan-/../../../etc/x'),
  'a file of another': DEFAULT.replace('80-bartizan-any', '80-container-any'),
  'a kind of file that makes links': DEFAULT.replace('any.network', 'any.netdev'),
  'a file twice': DEFAULT.replace('= resolved', '= network 80-bartizan-any.network\n[Match]\n= resolved'),
  'a specifier': withLine('Domains=%H'),
  'a quote': withLine('Domains="x"'),
  'an escape': withLine('Domains=x\\x20y'),
  'a comment': withLine('#x'),
  'a tab': withLine('Domains=\tx'),
  'a line end of another kind': DEFAULT.replaceAll('\n', '\r\n'),
  'a byte that is none of ASCII': withLine('Domains=ä'),
  'a NUL': Buffer.from(DEFAULT.replace('DHCP=yes', 'DHCP=yes\0')),
  'another form': DEFAULT.replace('bartizan-host 1', 'bartizan-host 2'),
  'no form': DEFAULT.slice(DEFAULT.indexOf('\n') + 1),
  'half of it': DEFAULT.slice(0, DEFAULT.indexOf('= resolved')),
  'a part that is not known': `${DEFAULT}= passwd\nroot::0:0\n`,
  'a path as the time zone': DEFAULT.replace('UTC', '../../../etc/passwd'),
  'a time zone that is not there': DEFAULT.replace('UTC', 'Mars/Olympus'),
  'no time zone': DEFAULT.replace('UTC\n', ''),
  'two words of a host name': DEFAULT.replace('bartizan\n', 'a b\n'),
  'a host name of a kilobyte': DEFAULT.replace('bartizan\n', `${'a'.repeat(1024)}\n`),
  'too many files': DEFAULT.replace(
    '= resolved',
    `${Array.from({ length: 70 }, (_, n) => `= network ${10 + (n % 90)}-bartizan-${n}.network\n`).join('')}= resolved`,
  ),
  nothing: '',
};

for (const [what, text] of Object.entries(HOSTILE))
  test(`refused in what the daemon rendered: ${what}`, { skip: NO_HOST }, () => {
    using machine = new HostRoot();
    machine.render(text);
    const answer = machine.do('apply-network');
    assert.match(answer, /^failed: (?:host\/rendered|there is no)/);
    assert.ok(answer.length < 200);
    assert.deepEqual(
      [machine.called, machine.names(NETWORK), machine.text('proc/sys/kernel/hostname')],
      [[], [], 'before\n'],
    );
  });

/** Splits a text as root does, into a folder of its own. */
function split(text: string): { readonly isTaken: boolean; readonly names: readonly string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-split-'));
  try {
    mkdirSync(join(folder, 'network'));
    const awk = spawnSync('awk', ['-v', `folder=${folder}`, '-f', join(ROOT, 'systemd/host.awk')], { input: text });
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return { isTaken: awk.status === 0, names };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('root takes whatever right settings render to, each file in its place', () => {
  fc.assert(
    fc.property(hostSettings, (host) => {
      const { isTaken, names } = split(renderHost(host));
      assert.ok(isTaken, renderHost(host));
      assert.equal(names.length, 5 + Math.max(1, host.interfaces.length));
    }),
    { numRuns: 100 },
  );
});

test('of whatever else comes, nothing leaves its folder', () => {
  const line = fc.oneof(
    fc.constantFrom(...STATIC.split('\n'), '= network ', '= network x', '=', '[', '[Match]', 'Name=', '= hostname'),
    fc.string({ unit: 'binary-ascii' }),
    fc.string().map((text) => `= network 10-bartizan-${text}.network`),
    fc.string().map((text) => `= ${text}`),
    fc.string().map((text) => `Address=${text}`),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      const { isTaken, names } = split(['bartizan-host 1', ...lines, ...DEFAULT.split('\n').slice(1)].join('\n'));
      const strange = names.filter(
        (name) =>
          !/^(?:network|network\/[1-9][0-9]-bartizan-[a-z0-9-]+\.network|hostname|timezone|resolved|timesyncd)$/.test(
            name,
          ),
      );
      assert.deepEqual(strange, [], String(isTaken));
    }),
    { numRuns: 200 },
  );
});

test('a daemon that replaces its file while it is read gets nothing in but a whole text of its own', {
  skip: NO_HOST,
}, async () => {
  using machine = new HostRoot();
  machine.write('secret', STATIC.replaceAll('192.0.2.10', '192.0.2.66'), 0o600);
  machine.render(STATIC);
  const folder = machine.at('var/lib/bartizan/host');
  const script = `cd ${folder}; cp rendered one; sed s/192.0.2.10/192.0.2.11/ one >two; ln -s ${machine.at('secret')} link; mkfifo pipe
while :; do cp one .n; mv -f .n rendered; cp two .n; mv -f .n rendered; ln -sf ../secret rendered; ln -sf ${machine.at('secret')} .l; mv -f .l rendered; mkfifo .p 2>/dev/null; mv -f .p rendered; done`;
  const racer = spawn('setpriv', ['--reuid', '64007', '--regid', '64007', '--clear-groups', 'sh', '-c', script], {
    stdio: 'ignore',
  });
  try {
    const seen = new Set<string>();
    for (let round = 0; round < 25; round++) {
      seen.add(machine.do('apply-network').replace(/: .*/, ''));
      const text = machine.text(`${NETWORK}/10-bartizan-0.network`) ?? 'Address=192.0.2.10/24\n';
      assert.match(text, /^Address=192\.0\.2\.1[01]\/24$/m);
    }
    assert.deepEqual(
      [...seen].filter((answer) => !['ok', 'failed'].includes(answer)),
      [],
    );
  } finally {
    racer.kill('SIGKILL');
  }
});

test('at a boot the machine has the network that was written last, or the one of delivery', { skip: NO_HOST }, () => {
  using machine = new HostRoot();
  machine.render(STATIC);
  assert.equal(machine.run('boot').status, 0);
  assert.deepEqual(machine.names(NETWORK), ['10-bartizan-0.network']);
  assert.equal(machine.text('proc/sys/kernel/hostname'), 'edge-1\n');
  assert.equal(machine.text('run/bartizan-host/applied'), `${sha256Hex(Buffer.from(STATIC))}\n`);
  assert.deepEqual(machine.called, [], 'nobody is there yet who could be told');
  for (const text of [undefined, 'damaged', STATIC.slice(0, 100)]) {
    using other = new HostRoot();
    if (text !== undefined) other.render(text);
    const { status, stderr } = other.run('boot');
    assert.deepEqual([status, other.names(NETWORK)], [0, ['80-bartizan-any.network']]);
    assert.match(stderr, /the network is the one of delivery/);
    // The daemon applies what it has as soon as it runs, where that is another text.
    const delivered = readFileSync(join(ROOT, 'systemd/host-default'));
    assert.equal(other.text('run/bartizan-host/applied'), `${sha256Hex(delivered)}\n`);
  }
});

test('the script is plain POSIX sh, and says how it is used', () => {
  const path = join(ROOT, 'systemd/host');
  assert.equal(readFileSync(path, 'utf8').split('\n', 1)[0], '#!/bin/sh');
  execFileSync('dash', ['-n', path]);
  for (const argv of [[], ['boot'], ['reboot', '/'], ['boot', '/', '/', '/']]) {
    assert.equal(spawnSync('sh', [path, ...argv]).status, 2, argv.join(' '));
  }
});
