/** Whom rsyslogd gets blocked, by the way it forwards; the daemon enforces in a namespace. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { Daemon, stateDir } from '../support/daemon.ts';
import { freePorts } from '../support/free-port.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { noRsyslogTls, rsyslogd, tlsForward } from '../support/rsyslogd.ts';
import { tlsFiles } from '../support/syslog-site.ts';
import { blocked, blocks, component, finding } from '../support/watching.ts';

const failures = (ip: string): readonly string[] =>
  Array.from({ length: 5 }, (_, i) => `Failed password for root from ${ip} port ${4000 + i} ssh2`);

test('over UDP, TCP and TLS without a certificate a forged line blocks nobody; over TLS with one it may', {
  skip: notRoot || noRsyslogTls,
}, async (t) => {
  using edge = new Namespace('edge');
  const files = tlsFiles(t);
  const { certFile: cert, keyFile: key, clientCaFile: ca } = files.settings;
  const [web, udp, tcp, tls] = await freePorts(4);
  await using daemon = new Daemon(await stateDir());
  await daemon.configure(`
webui: { listen: '127.0.0.1:${web}' }
firewall: { enabled: true, netns: ${edge.name} }
watchers:
  syslog:
    - { transport: udp, listen: '127.0.0.1:${udp}', allowed: [127.0.0.0/8] }
    - { transport: tcp, listen: '127.0.0.1:${tcp}', allowed: [127.0.0.0/8] }
    - { transport: tls, listen: '127.0.0.1:${tls}', allowed: [127.0.0.0/8], tls: { cert: ${cert}, key: ${key}, client_ca: ${ca} } }
`);
  await daemon.start('--enforce');
  const unknown = tlsForward(files, undefined);
  const known = tlsForward(files, 'web1.example.net');
  const peers = [
    ['203.0.113.1', `port="${udp}" protocol="udp"`, ''],
    ['203.0.113.2', `port="${tcp}" protocol="tcp"`, ''],
    ['203.0.113.3', `port="${tls}" ${unknown.forward}`, unknown.globals],
  ] as const;
  await Promise.all(
    peers.map(async ([ip, forward, globals]) => {
      const log = await rsyslogd(t, forward, globals);
      await log(...failures(ip));
      await finding(daemon, 'ssh_bruteforce', ip);
    }),
  );
  const log = await rsyslogd(t, `port="${tls}" ${known.forward}`, known.globals);
  await log(...failures('203.0.113.4'));
  await finding(daemon, 'ssh_bruteforce', '203.0.113.4');
  await blocks(daemon, '203.0.113.4');
  assert.deepEqual(await blocked(daemon), ['203.0.113.4']);
  assert.match(await edge.run('nft', 'list', 'set', 'inet', 'bartizan', 'blocked4'), /203\.0\.113\.4/);

  // Spoofable and authenticated lines together are worth what the worst of them is.
  await log(...failures('203.0.113.5').slice(0, 4));
  await component(daemon, 'pipeline', ({ counters }) => counters['events'] === 24);
  const more = ['-n', '127.0.0.1', '-P', String(udp), '-d', '-t', 'sshd', failures('203.0.113.5')[4] ?? ''];
  execFileSync('logger', more);
  await finding(daemon, 'ssh_bruteforce', '203.0.113.5');
  await log(...failures('203.0.113.6'));
  await blocks(daemon, '203.0.113.4', '203.0.113.6');
  assert.deepEqual(await blocked(daemon), ['203.0.113.4', '203.0.113.6']);
});
