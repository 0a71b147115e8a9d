import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConfirmWorld, confirmIn, type Second } from '../support/confirm-site.ts';

const NEEDS = { readings: 3, window: 10_000, within: 60_000 };
const good: Second = { verdict: 'good', ...NEEDS };
const bad: Second = { verdict: 'bad', bad: 'store,firewall', ...NEEDS };
const starting: Second = { verdict: 'starting', ...NEEDS };

const run = (daemon: ConfirmWorld['daemon'], more: Partial<ConfirmWorld> = {}) => confirmIn({ daemon, ...more });
const isRebooted = ({ calls }: { readonly calls: readonly string[] }): boolean => calls.includes('systemctl reboot');

test('a new slot is marked good after enough good readings over the window, and a read of all of it', () => {
  const done = run((second) => (second < 5 ? starting : good));
  assert.equal(done.status, 0, done.said);
  assert.deepEqual(done.calls, ['rauc status mark-good']);
  assert.equal(done.took, 15);
  assert.match(
    done.console,
    /^bartizan-confirm: slot B marked good after 11 good readings in 10 s, 3 MB read through verity at \d+ MB\/s$/m,
  );
  assert.equal(done.outcome['state'], 'confirmed');
  assert.equal(done.kept('confirmed.B'), 'b00b1e');
});

test('without what it needs in the file the usual is needed: five readings in 60 s', () => {
  assert.equal(run(() => ({ verdict: 'good' })).took, 61);
});

for (const [name, at] of [
  ['a bad reading', (second: number) => (second === 8 ? bad : good)],
  ['another process', (second: number) => ({ ...good, pid: second < 8 ? 7 : 8 })],
  ['a reading of another boot', (second: number) => (second < 8 ? { ...good, boot_id: 'other' } : good)],
  ['silence', (second: number) => (second < 3 ? good : second < 15 ? undefined : good)],
] as const)
  test(`${name} begins the window anew`, () => {
    const done = run(at);
    assert.equal(done.status, 0, done.said);
    assert.ok(done.took >= 18, String(done.took));
  });

test('the same reading over and over is one reading', () => {
  const done = run(() => ({ ...good, at: 101_000 }));
  assert.ok(isRebooted(done), done.said);
  assert.match(done.said, /the daemon says nothing any more/);
});

for (const [name, daemon, why] of [
  ['stays unhealthy', () => bad, /slot B is unhealthy \(bad: store,firewall\): rebooting/],
  ['never comes up', () => undefined, /slot B is unhealthy \(the daemon has said nothing\): rebooting/],
] as const)
  test(`a new slot that ${name} for its whole time reboots`, () => {
    const done = run(daemon, { lasts: 620 });
    assert.ok(isRebooted(done), done.said);
    assert.match(done.console, why);
    assert.equal(done.kept('reboots.B'), 'b00b1e 1');
    assert.equal(done.kept('confirmed.B'), undefined);
    assert.ok(!done.calls.includes('rauc status mark-good'));
  });

const SHUT_DOWN = { lasts: 20, shutsDown: true };
const LONG = { ...good, window: 600_000 };
const back = 'rauc status mark-active booted';

test('a new slot that is shut down in order while it is well gets its tries back', () => {
  const done = run(() => LONG, SHUT_DOWN);
  assert.equal(done.status, 'watching');
  assert.deepEqual(done.calls, [back]);
  assert.match(done.console, /slot B was shut down while it was well: its tries begin anew/);
  assert.equal(done.kept('confirmed.B'), undefined);
});

for (const [name, daemon, more] of [
  ['is not well', () => ({ ...bad, within: 600_000 }), {}],
  ['was well, and is not any more', (second: number) => (second < 19 ? LONG : bad), {}],
  ['has a daemon that is silent', (second: number) => (second < 5 ? LONG : undefined), {}],
  ['never had one', () => undefined, {}],
  ['only has its confirmer ended', () => LONG, { shutsDown: false }],
  ['was confirmed before, and is marked anyhow', () => good, { confirmed: { B: 'b00b1e' }, rauc: 'sleep 30' }],
] as const)
  test(`one that ${name} does not`, () => {
    const done = run(daemon, { ...SHUT_DOWN, ...more });
    assert.ok(!done.calls.includes(back), done.said);
  });

test('one that gives way since it cannot be read gets none back, though it is well', () => {
  const done = run(() => good, { shutsDown: true, dd: 'exit 1', reboot: 'kill -TERM $PPID' });
  assert.ok(isRebooted(done), done.said);
  assert.ok(!done.calls.includes(back));
});

test('that RAUC gives no try back is said', () => {
  const done = run(() => LONG, { ...SHUT_DOWN, rauc: 'echo it is gone >&2; exit 1' });
  assert.match(done.console, /rauc does not give its tries back: it is gone/);
});

test('a slot that was confirmed is marked good and never rebooted, and what is wrong is told', () => {
  const done = run(() => bad, { confirmed: { A: 'a0a0', B: 'b00b1e' } });
  assert.deepEqual(done.calls, ['rauc status mark-good']);
  assert.equal(done.status, 'watching');
  assert.match(done.console, /slot B marked good, as it was confirmed before/);
  assert.match(done.console, /slot B is unhealthy \(bad: store,firewall\): not rebooted, it was confirmed before/);
  assert.equal(done.outcome['state'], 'unhealthy');
});

test('a slot that was confirmed with another root is new', () => {
  assert.ok(isRebooted(run(() => bad, { confirmed: { A: 'a0a0', B: 'dead' } })));
});

for (const [name, grubEditenv, why] of [
  ['the other cannot be booted', 'echo A_OK=0; echo A_TRY=0', /not rebooted, slot A cannot be booted/],
  ['the other has no tries left', 'echo A_OK=1; echo A_TRY=3', /not rebooted, slot A cannot be booted/],
  ['the counters cannot be read', 'exit 1', /not rebooted, the boot loader's counters cannot be read/],
] as const)
  test(`an unhealthy new slot goes on where ${name}`, () => {
    const done = run(() => bad, { grubEditenv });
    assert.equal(isRebooted(done), false);
    assert.equal(done.status, 'watching');
    assert.match(done.said, why);
  });

for (const [name, confirmed] of [
  ['was never confirmed', {}],
  ['has a record that holds no root hash', { A: '' }],
] as const)
  test(`a slot that could be booted but ${name} is given way to by nobody`, () => {
    const done = run(() => bad, { confirmed });
    assert.equal(isRebooted(done), false);
    assert.match(done.said, /not rebooted, slot A was never confirmed/);
    assert.equal(done.outcome['state'], 'unhealthy');
  });

test('health that comes back after the time is over confirms the slot then, and its try is given back', () => {
  const done = run((second) => (second < 90 ? bad : good), { confirmed: {} });
  assert.equal(done.status, 0, done.said);
  assert.deepEqual(done.calls, ['rauc status mark-good']);
  assert.match(done.said, /not rebooted, slot A was never confirmed[\s\S]*slot B marked good after/);
  assert.equal(done.kept('confirmed.B'), 'b00b1e');
  assert.equal(done.outcome['state'], 'confirmed');
});

test('while it is watched on, what is told is what is wrong now', () => {
  const ill: Second = { ...bad, bad: 'http' };
  const done = run((second) => (second < 100 ? bad : ill), { confirmed: {} });
  assert.equal(done.status, 'watching');
  assert.match(done.outcome['why'] ?? '', /^bad: http; not rebooted: slot A was never confirmed$/);
});

test('a confirmed slot that becomes well again is told to be', () => {
  const done = run((second) => (second < 100 ? bad : good), { confirmed: { B: 'b00b1e' } });
  assert.deepEqual([done.status, done.outcome['state']], [0, 'confirmed'], done.said);
});

test("the boot loader's counters are told as they are, before and after the mark", () => {
  const counters = 'ORDER=B A\nA_OK=1\nA_TRY=3\nB_OK=1';
  const grubEditenv = `printf '${counters}\n'
if grep -q mark-good "$WORLD/calls" 2>/dev/null; then echo B_TRY=0; else echo B_TRY=2; fi`;
  const told = ({ outcome }: ReturnType<typeof run>) => [outcome['order'], outcome['tries'], outcome['bootable']];
  assert.deepEqual(told(run(() => bad, { grubEditenv })), ['B A', 'A:3,B:2', 'B']);
  assert.deepEqual(told(run(() => good, { grubEditenv })), ['B A', 'A:3,B:0', 'B']);
  assert.deepEqual(told(run(() => good, { grubEditenv: 'exit 1' })), [undefined, undefined, undefined]);
});

for (const [name, counters, calls] of [
  ['has used up its tries', 'A_OK=1\nA_TRY=3', ['rauc status mark-good', 'rauc status mark-active booted']],
  ['was marked bad', 'A_OK=0\nA_TRY=0', ['rauc status mark-good', 'rauc status mark-active booted']],
  ['could be booted', 'A_OK=1\nA_TRY=2', ['rauc status mark-good']],
] as const)
  test(`where the slot that was to be first ${name}, ${calls.length > 1 ? 'that is told, and the order turned' : 'nothing is'}`, () => {
    const done = run(() => good, { grubEditenv: `printf 'ORDER=A B\n${counters}\nB_OK=1\nB_TRY=1\n'` });
    assert.deepEqual(done.calls, calls, done.said);
    assert.equal(done.outcome['passed_over'], calls.length > 1 ? 'A' : undefined);
  });

test('whose bundles are taken is kept for the recovery once the slot is confirmed, and not before', () => {
  const authority = '-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n';
  assert.equal(run(() => good, { authority }).kept('authority.pem'), authority.trim());
  assert.equal(run(() => bad, { authority }).kept('authority.pem'), undefined);
});

test('the same root is not rebooted for ever', () => {
  assert.equal(isRebooted(run(() => bad, { reboots: 'b00b1e 3' })), false);
  assert.equal(isRebooted(run(() => bad, { reboots: 'b00b1e 2' })), true);
  assert.equal(isRebooted(run(() => bad, { reboots: 'dead 3' })), true);
  assert.equal(isRebooted(run(() => bad, { reboots: 'torn' })), true);
});

test('rauc is asked again, and its service started anew, when it does not answer', () => {
  const done = run(() => good, {
    rauc: '[ "$(grep -c mark-good "$WORLD/calls")" -ge 5 ] || { echo gone >&2; exit 1; }',
  });
  assert.equal(done.status, 0, done.said);
  assert.equal(done.calls.filter((call) => call === 'rauc status mark-good').length, 5);
  assert.ok(done.calls.includes('systemctl restart rauc.service'));
});

test('a new slot that rauc never marks good gives way, a confirmed one is told of', () => {
  const rauc = 'echo "no such service" >&2; exit 1';
  assert.ok(isRebooted(run(() => good, { rauc })));
  const told = run(() => good, { rauc, confirmed: { B: 'b00b1e' } });
  assert.equal(isRebooted(told), false);
  assert.deepEqual([told.status, told.outcome['state']], ['watching', 'unmarked']);
});

test('what rauc did not mark good is offered to it again later', () => {
  const done = run(() => good, {
    rauc: '[ "$(grep -c mark-good "$WORLD/calls")" -ge 8 ] || { echo gone >&2; exit 1; }',
    confirmed: {},
    lasts: 620,
  });
  assert.deepEqual([done.status, done.outcome['state']], [0, 'confirmed'], done.said);
});

test('a root that cannot be read to its end is not marked good', () => {
  const done = run(() => good, { dd: 'echo "dd: error reading" >&2; exit 1' });
  assert.ok(isRebooted(done), done.said);
  assert.ok(!done.calls.includes('rauc status mark-good'));
});

test('where no slot was booted there is nothing to confirm', () => {
  const done = run(() => good, { commandLine: 'root=/dev/sda1' });
  assert.deepEqual([done.status, done.calls], [0, []]);
});

test('figures of a hostile file neither break the script nor keep it for ever', () => {
  const within = { readings: '9'.repeat(11), window: '-1', within: '0', pid: '$(reboot)', verdict: 'good' };
  const done = run(() => within);
  assert.ok(isRebooted(done), done.said);
});

test('a link in the place of the health file is not followed', () => {
  const done = run(() => undefined, { link: '/etc/passwd', grubEditenv: 'exit 1', lasts: 620 });
  assert.match(done.said, /the daemon has said nothing/);
});
