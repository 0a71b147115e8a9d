/** What real senders send: rsyslogd and logger, against the receiver on the loopback interface. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { SyslogListener } from '../../actors/watchers/syslog/index.ts';
import { noRsyslog, noRsyslogTls, rsyslogd, tlsForward } from '../support/rsyslogd.ts';
import { listener, syslogSite, tlsFiles } from '../support/syslog-site.ts';

const run = promisify(execFile);
const FAILED = 'Failed password for invalid user admin from 203.0.113.7 port 4711 ssh2';

const EXPECTED = `web1 sshd[4242] ${FAILED}`;

for (const [what, transport, forward] of [
  ['UDP', 'udp', 'protocol="udp"'],
  ['TCP, lines', 'tcp', 'protocol="tcp" TCP_Framing="traditional"'],
  ['TCP, octet counting', 'tcp', 'protocol="tcp" TCP_Framing="octet-counted"'],
  ['UDP, RFC 5424', 'udp', 'protocol="udp" template="RSYSLOG_SyslogProtocol23Format"'],
  [
    'TCP, octet counting, RFC 5424',
    'tcp',
    'protocol="tcp" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"',
  ],
  ['TCP, RFC 3164', 'tcp', 'protocol="tcp" template="RSYSLOG_TraditionalForwardFormat"'],
] as const satisfies readonly (readonly [string, SyslogListener['transport'], string])[])
  test(`rsyslogd over ${what}`, { skip: noRsyslog }, async (t) => {
    const site = await syslogSite(t, [listener(transport)]);
    const log = await rsyslogd(t, `port="${site.port()}" ${forward}`);
    await log(FAILED);
    await log(FAILED);
    assert.deepEqual(await site.read(2), [`${EXPECTED} spoofable`, `${EXPECTED} spoofable`]);
  });

for (const framing of ['traditional', 'octet-counted']) {
  for (const isKnown of [true, false])
    test(`rsyslogd over TLS, ${framing}, ${isKnown ? 'with' : 'without'} a certificate`, {
      skip: noRsyslogTls,
    }, async (t) => {
      const files = tlsFiles(t);
      const site = await syslogSite(t, [listener('tls', { tls: files.settings })]);
      const { forward, globals } = tlsForward(files, isKnown ? 'web1.example.net' : undefined);
      const log = await rsyslogd(t, `port="${site.port()}" TCP_Framing="${framing}" ${forward}`, globals);
      await log(FAILED);
      const expected = isKnown
        ? `${EXPECTED.replace('web1', 'web1.example.net')} authenticated`
        : `${EXPECTED} spoofable`;
      assert.deepEqual(await site.read(1), [expected]);
    });
}

for (const args of [
  ['--udp'],
  ['--tcp'],
  ['--tcp', '--octet-count'],
  ['--udp', '--rfc3164'],
  ['--tcp', '--rfc3164'],
  ['--udp', '--rfc5424=notime,nohost'],
  ['--tcp', '--sd-id', 'zoo@123', '--sd-param', 'tiger="hungry"'],
])
  test(`logger -n ${args.join(' ')}`, async (t) => {
    const site = await syslogSite(t, [listener('udp'), listener('tcp')]);
    const port = site.port(args.includes('--udp') ? 0 : 1);
    const more = ['-n', '127.0.0.1', '-P', String(port), '-t', 'sshd', '--id=4242', '-p', 'auth.info', FAILED];
    await run('logger', [...args, ...more]);
    const [line = ''] = await site.read(1);
    assert.match(line, new RegExp(`^\\S+ sshd\\[4242\\] ${FAILED} spoofable$`));
    const [{ header, receivedAt } = {}] = site.lines;
    assert.ok(Math.abs((header?.at ?? 0) - (receivedAt ?? 0)) < 10_000 || args.includes('--rfc3164'));
  });

test('a receiver that was restarted is found again by rsyslogd, and gets what waited', {
  skip: noRsyslog,
}, async (t) => {
  const first = await syslogSite(t, [listener('tcp')]);
  const port = first.port();
  const log = await rsyslogd(t, `port="${port}" protocol="tcp"`);
  await log('one');
  await first.read(1);
  await first.receiver.stop();
  await log('two');
  await log('three');
  const second = await syslogSite(t, [listener('tcp', { at: { address: '127.0.0.1', port } })]);
  const lines = await second.read(1);
  assert.match(lines.at(-1) ?? '', / t(?:wo|hree) spoofable$/);
});
