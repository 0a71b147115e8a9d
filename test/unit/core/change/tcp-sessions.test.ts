import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listeningPorts, tcpSessions, withDirection } from '../../../../core/change/tcp-sessions.ts';
import { fc } from '../../../support/random.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';

test('established connections are read, others passed over', () => {
  const text = `${HEAD}   0: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 0A0200C0:24E3 026433C6:C350 01 00000000:00000000 02:000A 00000000     0        0 2 1
   2: 0A0200C0:24E3 036433C6:C351 06 00000000:00000000 02:000A 00000000     0        0 2 1\n`;
  assert.deepEqual(tcpSessions(text, true), [
    { local: '192.0.2.10', localPort: 9443, remote: '198.51.100.2', remotePort: 50_000 },
  ]);
});

test('IPv6 comes in words of the machine, and a mapped address is the IPv4 one', () => {
  const six = 'B80D0120000000000000000002000000';
  const mapped = '0000000000000000FFFF0000026433C6';
  const text = `${HEAD} 0: ${six}:0016 ${six}:8000 01 x\n 1: ${mapped}:0016 ${mapped}:8000 01 x\n`;
  assert.deepEqual(
    tcpSessions(text, true).map(({ remote }) => remote),
    ['2001:db8::2', '198.51.100.2'],
  );
});

test('a machine of the other byte order writes addresses as they are', () => {
  const [session] = tcpSessions(`${HEAD} 0: C000020A:24E3 C6336402:C350 01 x\n`, false);
  assert.deepEqual([session?.local, session?.remote], ['192.0.2.10', '198.51.100.2']);
});

test('any text is read', () => {
  fc.assert(fc.property(fc.string(), (text) => void tcpSessions(text, true)));
  assert.deepEqual(tcpSessions('0: ZZ:1 YY:2 01', true), []);
});

test('a connection to a port at which nobody listens was made from here', () => {
  const text = `${HEAD}   0: 00000000:24E3 00000000:0000 0A x\n 1: 0A0200C0:24E3 026433C6:C350 01 x\n 2: 0A0200C0:9C40 036433C6:01BB 01 x\n`;
  assert.deepEqual(listeningPorts(text), [9443]);
  const sessions = withDirection(tcpSessions(text, true), new Set(listeningPorts(text)));
  assert.deepEqual(
    sessions.map(({ localPort, outgoing = false }) => [localPort, outgoing]),
    [
      [9443, false],
      [40_000, true],
    ],
  );
});
