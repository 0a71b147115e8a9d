import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  ENDS_SOON,
  LOOK,
  openCertificates,
  PATIENCE,
  SECOND_LOOK,
  SETTLE,
} from '../../../../actors/identity/certificate-keeper.ts';
import type { TlsMaterial } from '../../../../actors/identity/certificates.ts';
import { RENEW_BEFORE } from '../../../../actors/identity/certificates.ts';
import { serverNames } from '../../../../actors/identity/names.ts';
import { NAMES_PACE, RETRY } from '../../../../actors/identity/own-certificate.ts';
import { fail, ok, type Result } from '../../../../core/base/result.ts';
import { days, hours, type Millis, millis, minutes, plus } from '../../../../core/base/time.ts';
import { ROOT } from '../../../support/root.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const pem = (file: string): string => readFileSync(join(ROOT, 'test/fixtures/tls', file), 'utf8');
const ONE = { cert: pem('one.cert.pem'), key: pem('one.key.pem') };
const TWO = { cert: pem('two.cert.pem'), key: pem('two.key.pem') };
const FILES = { cert: '/etc/ssl/edge.crt', key: '/etc/ssl/edge.key' };
const START = Date.UTC(2027, 0, 1);

/** A keeper over files in memory and a CA of paper, started; time passes by `pass`, which lets promises settle. */
async function bench({ files = {} as Record<string, string> | 'none', at = START, host = ['192.0.2.1'] } = {}) {
  const timers = new SimulatedClock(at);
  let set = 0;
  /** The wall clock; `jump` sets it, which timers do not notice. */
  const clock = {
    now: () => millis(timers.now() + set),
    after: timers.after.bind(timers),
    jump: (length: number) => {
      set += length;
    },
  };
  const stored: Record<string, string> = files === 'none' ? {} : files;
  const logged: string[] = [];
  const issued: TlsMaterial[] = [];
  const world = { host, refuse: false, unnamed: [] as readonly string[], hang: false, lifetime: days(397) };
  let changed = () => {};
  const issue = (names: string): TlsMaterial => {
    const now = millis(Math.max(clock.now(), Date.UTC(2026, 0, 1)));
    const validTo = plus(now, millis(world.lifetime));
    const fingerprint = `${issued.length} ${names}`;
    return { ...ONE, cert: fingerprint, fingerprint, validFrom: now, validTo, ca: '', unnamed: world.unnamed };
  };
  const readPem = (path: string): Promise<Result<string, 'unreadable'>> => {
    if (world.hang) return new Promise(() => {});
    const text = stored[path];
    return Promise.resolve(text === undefined ? fail('unreadable', `${path} is not there`) : ok(text));
  };
  const opened = await openCertificates({
    clock,
    log: (level, message) => void logged.push(`${level} ${message}`),
    names: () => serverNames('edge', { listen: [], host: world.host }),
    ensure: async ({ ips }) => {
      if (world.refuse) return fail('tls', 'no CA key');
      const last = issued.at(-1);
      const names = ips.join(' ');
      const isGood =
        last !== undefined && last.validTo >= clock.now() + RENEW_BEFORE && last.fingerprint.endsWith(` ${names}`);
      if (!isGood) issued.push(issue(names));
      return ok(issued.at(-1) as TlsMaterial);
    },
    effects: {
      readPem,
      watch: (_, run) => {
        changed = run;
        return () => {
          changed = () => {};
        };
      },
    },
    ...(files === 'none' ? {} : { files: FILES }),
  });
  assert.ok(opened.ok);
  const keeper = opened.value;
  const seen: string[] = [];
  keeper.onChange(({ source }) => void seen.push(source));
  await keeper.start(() => {});
  const pass = async (length: Millis): Promise<void> => {
    const end = clock.now() + length;
    while (clock.now() < end) {
      timers.advance(Math.min(end - clock.now(), 1000));
      for (let i = 0; i < 12; i++) await Promise.resolve();
    }
  };
  const put = (pair: Partial<typeof ONE>) => {
    if (pair.cert !== undefined) stored[FILES.cert] = pair.cert;
    if (pair.key !== undefined) stored[FILES.key] = pair.key;
    changed();
  };
  return { clock, timers, keeper, logged, issued, world, seen, stored, pass, put };
}

const withFiles = (pair = ONE) => bench({ files: { [FILES.cert]: pair.cert, [FILES.key]: pair.key } });

test('the own certificate is renewed 30 days before its end, while running', async () => {
  const { clock, keeper, issued, seen, pass } = await bench({ files: 'none' });
  const before = keeper.tls.fingerprint;
  clock.jump(days(397) - RENEW_BEFORE - LOOK);
  await pass(LOOK);
  assert.equal(keeper.tls.fingerprint, before);
  await pass(minutes(2));
  assert.deepEqual([issued.length, seen], [2, ['own']]);
  assert.notEqual(keeper.tls.fingerprint, before);
  assert.equal(keeper.component().state, 'ok');
});

test('a renewal that fails is tried again each hour, is told of, and what serves serves on', async () => {
  const { clock, keeper, world, logged, seen, pass } = await bench({ files: 'none' });
  world.refuse = true;
  clock.jump(days(380));
  await pass(minutes(3));
  assert.deepEqual([keeper.component().state, keeper.component().message], ['degraded', 'no CA key']);
  assert.equal(logged.filter((line) => line.startsWith('error')).length, 1);
  world.refuse = false;
  await pass(minutes(30));
  assert.deepEqual(seen, []);
  await pass(RETRY);
  assert.deepEqual([seen, keeper.component().state], [['own'], 'ok']);
});

test('a device without a clock serves, and gets a certificate of the right time within a minute of having one', async () => {
  const { clock, keeper, issued, seen, pass } = await bench({ files: 'none', at: 0 });
  await pass(minutes(5));
  assert.equal(issued.length, 1);
  clock.jump(Date.UTC(2031, 0, 1) - clock.now());
  await pass(plus(LOOK, LOOK));
  assert.deepEqual([issued.length, seen], [2, ['own']]);
  assert.ok(keeper.tls.validFrom >= Date.UTC(2031, 0, 1));
  clock.jump(-clock.now());
  await pass(minutes(20));
  assert.equal(issued.length, 2, 'a clock that is lost again proves nothing against a certificate');
});

test('a new address makes a new certificate, IPv6 ones of interfaces do not, and not more than one in ten minutes', async () => {
  const { issued, world, pass } = await bench({ files: 'none' });
  await pass(NAMES_PACE);
  world.host = ['192.0.2.1', '2001:db8::5'];
  await pass(minutes(2));
  assert.equal(issued.length, 1);
  world.host = ['192.0.2.2'];
  await pass(minutes(2));
  assert.equal(issued.length, 2);
  for (let i = 3; i < 33; i++) {
    world.host = [`192.0.2.${i}`];
    await pass(minutes(1));
  }
  assert.ok(issued.length <= 6, `${issued.length} certificates in half an hour`);
});

test('names the CA may not vouch for are told of, and are no trouble: it is reached by address', async () => {
  const { keeper, world, pass, clock } = await bench({ files: 'none' });
  world.unnamed = ['www.example.com'];
  clock.jump(days(380));
  await pass(minutes(2));
  assert.equal(keeper.component().state, 'ok');
  assert.match(keeper.component().detail ?? '', /cannot name www\.example\.com/);
  world.unnamed = [];
  clock.jump(days(380));
  await pass(minutes(2));
  assert.equal(keeper.component().detail, undefined);
});

test("the operator's files are served from the start; no certificate of our own is made then", async () => {
  const { keeper, issued } = await withFiles();
  assert.deepEqual([keeper.tls.source, keeper.tls.cert, issued.length], ['files', ONE.cert, 0]);
  assert.equal(keeper.component().state, 'ok');
});

test('changed files are in service a second later, told by the folder or, where it tells nothing, within a minute', async () => {
  const { keeper, stored, seen, pass, put } = await withFiles();
  put(TWO);
  await pass(SETTLE);
  assert.equal(keeper.tls.cert, TWO.cert);
  stored[FILES.cert] = ONE.cert;
  stored[FILES.key] = ONE.key;
  await pass(plus(LOOK, SETTLE));
  assert.equal(keeper.tls.cert, ONE.cert);
  assert.deepEqual(seen, ['files', 'files']);
});

test('a certificate written before its key is waited for without complaint', async () => {
  const { keeper, logged, pass, put } = await withFiles();
  put({ cert: TWO.cert });
  await pass(SETTLE);
  assert.deepEqual([keeper.tls.cert, keeper.component().state], [ONE.cert, 'ok']);
  put({ key: TWO.key });
  await pass(plus(SETTLE, SECOND_LOOK));
  assert.equal(keeper.tls.cert, TWO.cert);
  assert.deepEqual(
    logged.filter((line) => line.startsWith('error')),
    [],
  );
});

for (const { what, pair, says } of [
  { what: 'a key of another certificate', pair: { key: TWO.key }, says: /key and certificate do not belong together/ },
  { what: 'a certificate that is none', pair: { cert: 'hello' }, says: /no certificate in PEM/ },
  { what: 'half a certificate', pair: { cert: ONE.cert.slice(0, 300) }, says: /no certificate in PEM/ },
  { what: 'a key that is none', pair: { key: '' }, says: /no private key in PEM/ },
  {
    what: 'a damaged chain',
    pair: { cert: `${ONE.cert}-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n` },
    says: /OpenSSL refuses it/,
  },
])
  test(`${what} is not taken, is told of once, and mended files are taken up`, async () => {
    const { keeper, logged, seen, pass, put } = await withFiles();
    put(pair);
    await pass(minutes(10));
    assert.equal(keeper.tls.cert, ONE.cert);
    const { state, message = '' } = keeper.component();
    assert.equal(state, 'degraded');
    assert.match(message, says);
    assert.match(message, /edge\.crt and .*edge\.key is not taken: .*; the one before serves on$/);
    assert.equal(logged.filter((line) => line.startsWith('error')).length, 1);
    assert.deepEqual(seen, []);
    put(TWO);
    await pass(SETTLE);
    assert.deepEqual([keeper.tls.cert, keeper.component().state], [TWO.cert, 'ok']);
  });

test('files that vanish, or were never there, leave or bring the own certificate; both are told of', async () => {
  const { keeper, stored, pass } = await withFiles();
  delete stored[FILES.key];
  await pass(minutes(2));
  assert.equal(keeper.tls.cert, ONE.cert);
  assert.match(keeper.component().message ?? '', /edge\.key is not there; the one before serves on/);

  const bare = await bench({ files: {} });
  assert.equal(bare.keeper.tls.source, 'own');
  assert.match(bare.keeper.component().message ?? '', /edge\.crt is not there; the own certificate serves instead/);
  bare.put(ONE);
  await bare.pass(SETTLE);
  assert.deepEqual([bare.keeper.tls.source, bare.keeper.component().state, bare.seen], ['files', 'ok', ['files']]);
});

test('while the own certificate stands in for the files it is kept good, too', async () => {
  const { clock, issued, seen, pass } = await bench({ files: {} });
  clock.jump(days(380));
  await pass(minutes(2));
  assert.deepEqual([issued.length, seen], [2, ['own']]);
});

test('a certificate about to end, ended, or not begun is told of; an ended one serves on', async () => {
  const { clock, keeper, pass } = await withFiles();
  const { validTo, validFrom } = keeper.tls;
  clock.jump(validTo - ENDS_SOON - clock.now() + 1000);
  await pass(plus(LOOK, SETTLE));
  assert.match(keeper.component().message ?? '', /edge\.crt ends 2\d{3}-.*; put a new one there/);
  clock.jump(validTo - clock.now());
  await pass(minutes(3));
  assert.match(keeper.component().message ?? '', /not taken: the certificate ended .*; the one before serves on/);
  assert.equal(keeper.tls.cert, ONE.cert);

  const early = await bench({ files: { [FILES.cert]: ONE.cert, [FILES.key]: ONE.key }, at: validFrom - days(1) });
  assert.equal(early.keeper.tls.source, 'own');
  assert.match(early.keeper.component().message ?? '', /not valid before/);
});

test('without a clock the validity of the files is not judged', async () => {
  const { keeper } = await bench({ files: { [FILES.cert]: ONE.cert, [FILES.key]: ONE.key }, at: 0 });
  assert.equal(keeper.tls.source, 'files');
});

test('a file system that hangs is told of, holds up nothing, and is not asked twice', async () => {
  const { keeper, world, pass, timers } = await withFiles();
  world.hang = true;
  await pass(plus(LOOK, PATIENCE));
  assert.match(keeper.component().message ?? '', /take too long to read/);
  await pass(hours(1));
  assert.equal(timers.pending, 0, 'one read is out, and nothing waits beside it');
  await keeper.stop();
});

test('a folder in which something happens all the time does not put the look off', async () => {
  const { keeper, stored, pass, put } = await withFiles();
  stored[FILES.cert] = TWO.cert;
  stored[FILES.key] = TWO.key;
  for (let i = 0; i < 8; i++) {
    put({});
    await pass(millis(400));
  }
  assert.equal(keeper.tls.cert, TWO.cert);
});

test('a stopped keeper has no timers and looks no more; started again it does', async () => {
  const { timers, keeper, pass, put } = await withFiles();
  await keeper.stop();
  assert.equal(timers.pending, 0);
  put(TWO);
  await pass(minutes(5));
  assert.equal(keeper.tls.cert, ONE.cert);
  await keeper.start(() => {});
  await pass(plus(LOOK, SETTLE));
  assert.equal(keeper.tls.cert, TWO.cert);
  await keeper.stop();
});
