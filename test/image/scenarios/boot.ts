import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { waitFor } from '../../support/wait-for.ts';
import { BOOT_MS, type Life } from '../story/life.ts';
import type { Facts, Scenario } from '../story/scenario.ts';

const READY_S = 75;
const MEMORY_MB = 230;
const CODE = /[0-9A-Z]{5}(?:-[0-9A-Z]{4}){4}-[0-9A-Z]{5}/;
const HALF = '(?:[0-9A-F]{2}:){15}[0-9A-F]{2}';
/** As the console shows it: two lines of sixteen bytes, a piece of the QR code between them. */
const FINGERPRINT = new RegExp(`(${HALF})[^0-9A-F][\\s\\S]{0,80}?(${HALF})`);
/** Of the daemon's own authority, which signs the certificate that the API shows. */
const AUTHORITY = '/var/lib/bartizan/tls/ca.crt';

/** What `free` shows as used, in MB, of the numbers that it takes. */
export function memoryUsed(meminfo: string): number {
  const kb = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(meminfo)?.[1]);
  return Math.round(((kb('MemTotal') - kb('MemAvailable')) * 1024) / 1e6);
}

async function boot(life: Life): Promise<Facts> {
  await life.powerOn();
  await life.machine.console.expect(/bartizan-init: ok/, BOOT_MS);
  await life.machine.screenshot('boot');
  const kernel = await life.ready();
  const seconds = life.machine.seconds;
  const used = memoryUsed(await life.inside('cat /proc/meminfo'));
  const failed = await life.inside('systemctl --failed --no-legend --plain --no-pager');
  assert.equal(failed, '', 'units that failed');
  const missed = await life.inside(
    "journalctl -b --no-pager -o cat | grep -E '^/usr/lib/bartizan/.*: not found$' || true",
  );
  assert.equal(missed, '', 'programs that our scripts miss');
  const mounts = await life.inside('cat /proc/mounts');
  assert.match(mounts, / \/ squashfs ro[, ]/, 'the root is read-only');
  assert.match(mounts, / \/data ext4 rw/);
  const grown = Number(await life.inside('df --output=size -BM /data | tail -n 1 | tr -dc 0-9'));
  assert.ok(grown > 2000, `data has grown to the end of a 4 GiB disk, not to ${grown} MiB`);
  life.firstBoot = { seconds, memory: used };
  return { ready_s: round(seconds), kernel_to_ready_s: round(kernel), memory_mb: used, data_mib: grown };
}

export const ready: Scenario = {
  name: 'ready',
  shows:
    "the image boots to systemd's READY of the daemon; no unit failed, the root is read-only, data has grown to the end of the disk",
  limit: 300,
  carries: true,
  run: boot,
};

/** Apart from the boot itself: a busy machine is no reason to look at nothing else. */
async function frugal({ firstBoot }: Life): Promise<undefined> {
  const { seconds, memory } = firstBoot ?? assert.fail('there was no boot');
  assert.ok(seconds <= READY_S, `ready after ${seconds.toFixed(1)} s, not within ${READY_S}`);
  assert.ok(memory <= MEMORY_MB, `${memory} MB of memory used, not within ${MEMORY_MB}`);
}

export const withinBounds: Scenario = {
  name: 'bounds',
  shows: `that took at most ${READY_S} s from power on, and at most ${MEMORY_MB} MB of memory are used after it`,
  limit: 5,
  run: frugal,
};

/** What the status console on the serial line shows now: the last such text, since a restart shows another code. */
export async function consoleShows(life: Life, pattern: RegExp, withinMs = 180_000): Promise<RegExpExecArray> {
  const first = await life.machine.console.expect(pattern, withinMs);
  return [...life.machine.console.text.matchAll(new RegExp(pattern, 'g'))].at(-1) ?? first;
}

/** Claims by the code on the serial console; the token is kept for all that follows. */
export async function claimByCode(life: Life): Promise<void> {
  const [code] = await consoleShows(life, CODE);
  const { token } = await life.api.tell('POST', '/api/v1/claim', { code });
  life.api.token = token;
}

async function claim(life: Life): Promise<Facts> {
  const [, upper, lower] = await consoleShows(life, FINGERPRINT);
  const shown = `${upper}:${lower}`;
  const authority = await life.inside(`cat ${AUTHORITY}`);
  assert.equal(shown, new X509Certificate(authority).fingerprint256, 'the fingerprint on the console');
  assert.ok(await life.api.isSignedBy(authority), 'the API shows a certificate of that authority');
  await life.machine.screenshot('console-unclaimed');
  const [code] = await consoleShows(life, CODE);
  const wrong = await life.api.ask('POST', '/api/v1/claim', { code: '0'.repeat(26) });
  assert.equal(wrong.status, 401, 'a wrong code');
  await claimByCode(life);
  const again = await life.api.ask('POST', '/api/v1/claim', { code });
  assert.equal(again.status, 409, 'the code counts once');
  const status = await life.api.tell('GET', '/api/v1/status');
  assert.equal(status.claimed, true);
  assert.equal(status.engine.http, 'uWebSockets.js');
  return { engine: status.engine.http, firewall: status.engine.firewall, fingerprint: shown.slice(0, 11) };
}

export const claimed: Scenario = {
  name: 'claim',
  shows:
    'the code on the serial console claims the appliance once, through the forwarded port; the fingerprint there is that of the authority whose certificate the API shows; the API runs on uWebSockets',
  limit: 120,
  carries: true,
  run: claim,
};

/** Waits for the daemon after it was restarted in the same boot. */
export const answersAgain = (life: Life, withinMs: number): Promise<true> =>
  waitFor(
    'the daemon to answer',
    async () => ((await life.api.ask('GET', '/api/v1/health')).status > 0 ? true : undefined),
    {
      withinMs,
      everyMs: 250,
    },
  );

export const round = (seconds: number): number => Math.round(seconds * 10) / 10;
