import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConsoleAtTty, FieldSite } from '../support/field-site.ts';
import { ROOT } from '../support/root.ts';
import { waitFor } from '../support/wait-for.ts';

const PAGE = readFileSync(join(ROOT, 'test/fixtures/status-page/new.txt'), 'utf8');

function site(): FieldSite {
  const at = new FieldSite();
  at.write('proc/cmdline', 'quiet bartizan.slot=B rauc.slot=B');
  at.write('etc/os-release', 'IMAGE_ID=bartizan\nIMAGE_VERSION="1.2.3"\n');
  at.write('run/bartizan/serial', '4K7Q-M2XW-9TS\n');
  at.write('run/bartizan/status-page', PAGE);
  at.write('run/bartizan/status-page.ascii', 'plain page\n');
  at.write('proc/uptime', '420.33 100.00\n');
  const outcome = 'slot=B\nstate=unhealthy\nwhy=bad: store; not rebooted: x\nat=100000\norder=B A\ntries=A:0,B:2\n';
  at.write('run/bartizan-confirm/outcome', outcome);
  at.write('run/bartizan/claim-qr.ascii', '##  ##\n');
  at.tool('ip', "echo 'ens3 UP 192.0.2.10/24'");
  at.tool('systemctl', "printf 'bad\\033[31m.service loaded failed failed X\\n'");
  for (const folder of ['run/bartizan/requests', 'run/bartizan-host/answers', 'run/bartizan-console'])
    mkdirSync(at.path(folder), { recursive: true });
  return at;
}

const shows = (screen: ConsoleAtTty, what: RegExp, withinMs = 20_000) =>
  waitFor(`the console to show ${what}`, async () => (what.test(screen.seen) ? true : undefined), { withinMs }).catch(
    (cause: unknown) => {
      throw new Error(`${String(cause)}\n${JSON.stringify(screen.seen.slice(-500))}`);
    },
  );

/** What the terminal gets beside text: the few sequences that the script itself uses. */
const ESC = '\u001b';
const OWN = new RegExp(`${ESC}(?:c|\\[H|\\[J|\\[K|\\[\\?25[lh])`, 'g');
const foreignSequences = (seen: string): string =>
  seen
    .replaceAll(OWN, '')
    .replaceAll(/[\r\n]/g, '')
    .replaceAll(/[\x20-\x7e▀▄█]/g, '');

test('it shows the page of the daemon as it is, and what it finds out itself', async () => {
  using at = site();
  await using screen = new ConsoleAtTty(at);
  await shows(screen, /power off/);
  const lines = screen.seen.split('\r\n').map((line) => line.replaceAll(OWN, ''));
  for (const line of PAGE.trimEnd().split('\n'))
    assert.ok(
      lines.some((shown) => shown.includes(line)),
      line,
    );
  assert.match(screen.seen, /Slot {5}B/);
  assert.match(screen.seen, /Slot {5}B {3}tries used of 3: A 0, B 2, order B A, read 5 min ago/);
  assert.match(screen.seen, /Boot {5}bad: store; not rebooted/);
  assert.match(screen.seen, /Failed {3}bad\[31m\.service/);
  assert.equal(foreignSequences(screen.seen), '');
});

test('a serial port that no chip is behind is known, and a screen is always there', () => {
  using at = site();
  for (const [tty, type, status] of [
    ['ttyS0', '0\n', 1],
    ['ttyS1', '4\n', 0],
  ] as const) {
    at.write(`sys/class/tty/${tty}/type`, type);
    assert.equal(at.run('console', ['--is-there', tty, at.root]).status, status, tty);
  }
  assert.equal(at.run('console', ['--is-there', 'tty1', at.root]).status, 0);
});

test('without a daemon that writes its page it says so, with what it knows', async () => {
  using at = site();
  const old = new Date(Date.now() - 3_600_000);
  utimesSync(at.path('run/bartizan/status-page'), old, old);
  await using screen = new ConsoleAtTty(at);
  await shows(screen, /does not answer/);
  await shows(screen, /Version {2}1\.2\.3/);
  await shows(screen, /Serial {3}4K7Q-M2XW-9TS/);
  await shows(screen, /Address {2}ens3 {1,2}192\.0\.2\.10\/24/);
});

test('what is shown cannot drive the terminal', async () => {
  using at = site();
  const hostile = '\u001b]0;x\u0007\u001b[2J\u009b31m\u0000\u0008\u202e\u001bPq\u001b\\█ok\n';
  at.write('run/bartizan/status-page', hostile);
  at.write('run/bartizan/serial', hostile);
  at.write('proc/cmdline', 'bartizan.slot=\u001b[31mB');
  at.write('etc/os-release', 'IMAGE_VERSION="\u001b[5m1"\n');
  at.tool('ip', "printf '\\033[31mens3 UP 192.0.2.10/24\\n'");
  await using screen = new ConsoleAtTty(at);
  await shows(screen, /ok/);
  utimesSync(at.path('run/bartizan/status-page'), 1, 1);
  screen.type('x');
  await shows(screen, /does not answer/);
  assert.equal(foreignSequences(screen.seen), '');
});

test('no key, no flood of keys and no break leads anywhere but the menu', async () => {
  using at = site();
  await using screen = new ConsoleAtTty(at);
  await shows(screen, /power off/);
  const everything = Uint8Array.from({ length: 256 }, (_, i) => i);
  for (const hostile of [
    '\u0003',
    '\u001a',
    '\u001c',
    '\u0004',
    '\u0011\u0013',
    '\u001b[A',
    everything,
    `${'a'.repeat(65_536)}\n`,
    '$(touch x); `id`\n',
  ])
    screen.type(hostile);
  screen.taken();
  // One that comes together with the end of the flood is a part of it.
  await waitFor('the console to heed a key again', async () => {
    if (/plain page/.test(screen.seen)) return true;
    screen.type('u');
    return undefined;
  });
  assert.ok(screen.isRunning);
  for (const process of screen.processes()) assert.match(process, /systemd\/console/);
  assert.deepEqual(at.has('run/bartizan/requests/reboot'), false);
});

test('a typed line is short and of few characters, and is given up by Escape and ^C', async () => {
  using at = site();
  await using screen = new ConsoleAtTty(at);
  await shows(screen, /power off/);
  for (const end of ['\u001b', '\u0003']) {
    screen.taken();
    screen.type('f');
    await shows(screen, /type the serial/);
    screen.type(`4k7q$(reboot)${'9'.repeat(5000)}`);
    await shows(screen, /9{20}/);
    assert.doesNotMatch(screen.seen, /[$(]reboot|9{61}/);
    screen.type(end);
    await shows(screen, /Nothing was done/);
  }
  assert.equal(at.has('run/bartizan/requests/factory-reset'), false);
});

/** Answers a request as root's script does, once it is there. */
async function answerOf(at: FieldSite, verb: string, text: string): Promise<string> {
  const path = at.path(`run/bartizan/requests/${verb}`);
  await waitFor(`a request to ${verb}`, async () => at.has(`run/bartizan/requests/${verb}`) || undefined);
  const { ino, mtimeNs, size } = statSync(path, { bigint: true });
  renameSync(path, at.path('taken'));
  const of = `${ino} ${mtimeNs / 1_000_000_000n}.${String(mtimeNs % 1_000_000_000n).padStart(9, '0')}`;
  at.write(`run/bartizan-host/answers/${verb}`, `${text}\nfor ${of}\n`);
  return String(size);
}

test('a factory reset takes the serial, typed as on the label; another serial does nothing', async () => {
  using at = site();
  await using screen = new ConsoleAtTty(at);
  await shows(screen, /power off/);
  screen.type('f');
  await shows(screen, /type the serial/);
  screen.type('4K7Q-M2XW-9TT\r');
  await shows(screen, /not the serial of this appliance/);
  assert.equal(at.has('run/bartizan/requests/factory-reset'), false);
  screen.taken();
  screen.type('f');
  await shows(screen, /type the serial/);
  screen.type('4k7q m2xw-9ts\r');
  assert.equal(await answerOf(at, 'factory-reset', 'failed: the \u001b[31mdisk'), '0');
  await shows(screen, /factory-reset: failed: the \[31mdisk/);
});

for (const { key, verb } of [
  { key: 'r', verb: 'reboot' },
  { key: 'p', verb: 'power-off' },
])
  test(`${verb} is asked for after a yes, and never without`, async () => {
    using at = site();
    await using screen = new ConsoleAtTty(at);
    await shows(screen, /power off/);
    screen.type(key);
    await shows(screen, /Type yes/);
    screen.type('y\r');
    await shows(screen, /Nothing was done/);
    assert.equal(at.has(`run/bartizan/requests/${verb}`), false);
    screen.type(key);
    screen.taken();
    await shows(screen, /Type yes/);
    screen.type('yes\r');
    await answerOf(at, verb, 'ok');
    await shows(screen, new RegExp(`${verb}: ok`));
  });

test('where nobody takes requests or orders the console says so and goes on', async () => {
  using at = site();
  rmSync(at.path('run/bartizan/requests'), { recursive: true });
  rmSync(at.path('run/bartizan-console'), { recursive: true });
  await using screen = new ConsoleAtTty(at);
  await shows(screen, /power off/);
  screen.type('r');
  await shows(screen, /Type yes/);
  screen.type('yes\r');
  await shows(screen, /takes no such request/);
  screen.type('n');
  await shows(screen, /by DHCP/);
  screen.type('k\r');
  await shows(screen, /takes no such order/);
  assert.ok(screen.isRunning);
});

test('an order for the network is one line of plain words', async () => {
  using at = site();
  await using screen = new ConsoleAtTty(at);
  await shows(screen, /power off/);
  screen.type('n');
  await shows(screen, /by DHCP/);
  screen.type('s\r');
  await shows(screen, /Which link/);
  screen.type('ens3\r');
  await shows(screen, /Address with/);
  screen.type('192.0.2.20/24\r');
  await shows(screen, /Gateway/);
  screen.type('192.0.2.1\r');
  await shows(screen, /Name servers/);
  screen.type('192.0.2.53, 192.0.2.54\r');
  await waitFor('the order', async () => at.has('run/bartizan-console/order') || undefined);
  assert.equal(
    at.read('run/bartizan-console/order'),
    'set-static ens3 192.0.2.20/24 192.0.2.1 192.0.2.53,192.0.2.54\n',
  );
  at.write('run/bartizan-console/answer', 'On trial\u001b[31m: k keeps it\n');
  await shows(screen, /On trial\[31m: k keeps it/);
});

const PROGRAM = `shift 2
echo "$*" >>"$root/asked"
case "$*" in
  host*set-dhcp\\ bad*) echo 'bartizan: no such link'; exit 4 ;;
  host*) echo 'on trial until 14:00' ;;
  'change --json'*) echo '{"pending":true,"change":{"id":"0198-ab"}}' ;;
  'change confirm 0198-ab'*) echo 'it stays' ;;
esac`;

for (const { order, asked, answers } of [
  { order: 'set-dhcp ens3', asked: ['host set-dhcp ens3', 'change --json'], answers: /^On trial: .*14:00/ },
  {
    order: 'set-static ens3 192.0.2.2/24 -',
    asked: ['host set-static ens3 192.0.2.2/24', 'change --json'],
    answers: /^On trial/,
  },
  { order: 'set-dhcp bad', asked: ['host set-dhcp bad'], answers: /^Refused: bartizan: no such link/ },
  { order: 'confirm', asked: [], answers: /^Nothing that was ordered here/ },
  { order: 'set-dhcp', asked: [], answers: /no order/ },
  { order: 'set-dhcp ens3 more', asked: [], answers: /no order/ },
  { order: 'mode enforce', asked: [], answers: /no order/ },
  { order: 'set-dhcp --force', asked: [], answers: /no order/ },
  { order: 'set-dhcp $(id)', asked: [], answers: /no order/ },
  { order: 'set-dhcp x;id', asked: [], answers: /no order/ },
  { order: '', asked: [], answers: /no order/ },
])
  test(`the order "${order}" becomes ${asked.length === 0 ? 'nothing' : asked[0]}`, () => {
    using at = site();
    at.program(PROGRAM);
    at.write('run/bartizan-console/order', `${order}\n`);
    const { status, stderr } = at.run('console-order', [at.state, at.root]);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(at.read('run/bartizan-console/answer'), answers);
    const told = at.has('asked') ? at.read('asked').trim().split('\n') : [];
    assert.deepEqual(
      told,
      asked.map((words) => `${words} --state ${at.root}${at.state}`),
    );
    assert.equal(at.has('run/bartizan-console/order'), false);
  });

test('what was ordered at the console can be kept there, and nothing else', () => {
  using at = site();
  at.program(PROGRAM);
  for (const order of ['set-dhcp ens3', 'confirm', 'confirm']) {
    at.write('run/bartizan-console/order', `${order}\n`);
    at.run('console-order', [at.state, at.root]);
    if (at.read('asked').includes('confirm') && order === 'confirm') break;
  }
  assert.match(at.read('run/bartizan-console/answer'), /^Done: it stays/);
  at.write('run/bartizan-console/order', 'confirm\n');
  at.run('console-order', [at.state, at.root]);
  assert.match(at.read('run/bartizan-console/answer'), /^Nothing that was ordered here/);
});
