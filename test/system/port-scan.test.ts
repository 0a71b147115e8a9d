/** Packets that a real nft rule logs and drops, through the kernel's ring buffer and journald. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { ATTACKER, EDGE, journalSite } from '../support/journal-site.ts';
import { noJournald } from '../support/journald.ts';
import { notRoot } from '../support/namespaces.ts';
import { blocked, component, finding, search } from '../support/watching.ts';

/** Only the first network namespace logs packets to the ring buffer unless this is 1. */
const OF_ALL_NAMESPACES = '/proc/sys/net/netfilter/nf_log_all_netns';

/** Why the kernel does not log packets of a namespace here; undefined when it does, until the test ends. */
function logPacketsOfNamespaces(t: TestContext): string | undefined {
  try {
    const before = readFileSync(OF_ALL_NAMESPACES, 'utf8');
    writeFileSync(OF_ALL_NAMESPACES, '1');
    t.after(() => writeFileSync(OF_ALL_NAMESPACES, before));
    execFileSync('dd', ['if=/dev/kmsg', 'of=/dev/null', 'bs=8192', 'count=1', 'iflag=nonblock'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${OF_ALL_NAMESPACES} or /dev/kmsg cannot be used here`;
  }
}

const RULES = `table inet site {
  chain input {
    type filter hook input priority filter;
    tcp dport 2000-2999 log prefix "edge-drop: " drop
  }
}
`;

test('a scan of twenty ports is found from what the kernel logs; nobody is blocked, what root wrote beside it is not the kernel', {
  skip: notRoot || noJournald(),
}, async (t) => {
  const unavailable = logPacketsOfNamespaces(t);
  if (unavailable !== undefined) return t.skip(unavailable);
  const { journald, edge, attacker, daemon, start } = await journalSite(t, { config: 'ReadKMsg=yes' });
  const nft = edge.spawn('nft', ['-f', '-']);
  nft.stdin?.end(RULES);
  await new Promise((resolve) => nft.once('exit', resolve));
  await start();

  const packet = (port: number): string =>
    `kernel: edge-drop: IN=v0 OUT= SRC=203.0.113.99 DST=${EDGE} LEN=60 PROTO=TCP SPT=1 DPT=${port} SYN`;
  for (let port = 1; port <= 20; port++) journald.run('tee', ['/dev/kmsg'], packet(port));
  await finding(daemon, 'port_scan', '203.0.113.99');

  const scan = 'for port in $(seq 2000 2019); do timeout 0.2 bash -c "exec 3<>/dev/tcp/$0/$port" & done; wait';
  await attacker.run('bash', '-c', scan, EDGE).catch(() => undefined);
  const found = await finding(daemon, 'port_scan', ATTACKER);
  assert.match(found.message, /15 ports/);
  assert.deepEqual(await blocked(daemon), []);
  const { counters } = await component(daemon, 'pipeline', () => true);
  assert.ok((counters['events'] ?? 0) >= 40);
  await daemon.stop();
  const rows = await search(daemon, 'action = packet_dropped | fields ip, provenance | limit 1000');
  const worth = new Set(rows.map(({ ip, provenance }) => `${ip} ${provenance}`));
  assert.deepEqual([...worth].sort(), [`${ATTACKER} kernel`, '203.0.113.99 spoofable']);
});

test('a scan of ports that the firewall itself has closed is found from its own log', {
  skip: notRoot || noJournald(),
}, async (t) => {
  const unavailable = logPacketsOfNamespaces(t);
  if (unavailable !== undefined) return t.skip(unavailable);
  const firewall = ', default: drop, tcp_in: [22], log_dropped: true, log_rate: 600';
  const { attacker, daemon, start } = await journalSite(t, { config: 'ReadKMsg=yes', firewall });
  await start();
  const scan = 'for port in $(seq 2000 2019); do timeout 0.2 bash -c "exec 3<>/dev/tcp/$0/$port" & done; wait';
  await attacker.run('bash', '-c', scan, EDGE).catch(() => undefined);
  assert.match((await finding(daemon, 'port_scan', ATTACKER)).message, /15 ports/);
  assert.deepEqual(await blocked(daemon), []);
  await daemon.stop();
  const rows = await search(daemon, 'action = packet_dropped | fields ip, provenance | limit 1000');
  assert.deepEqual(new Set(rows.map(({ ip, provenance }) => `${ip} ${provenance}`)), new Set([`${ATTACKER} kernel`]));
});
