import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockedSet } from '../../actors/firewall/table.ts';
import { contentId, type DecisionId } from '../../core/base/ids.ts';
import type { Ip } from '../../core/base/ip.ts';
import { type Millis, millis } from '../../core/base/time.ts';
import { openNft } from '../../native/nft/index.ts';
import { FirewallSite } from '../support/firewall-site.ts';
import { Namespace, notRoot } from '../support/namespaces.ts';
import { waitFor } from '../support/wait-for.ts';

/** Blocks of 1, 2, 3 … seconds; 120 for the whole, which takes two minutes. */
const LONGEST = Number(process.env['BARTIZAN_LONGEST_TIMEOUT'] ?? 10);

test(`the kernel lets go of blocks of 1 to ${LONGEST} s on the second, whether loaded at a start or put in one by one`, {
  skip: notRoot,
  timeout: (LONGEST + 30) * 1000,
}, async () => {
  using edge = new Namespace('times');
  const site = new FirewallSite();
  const firewall = await site.open(edge.name, { infra: [], denied: [] });
  const port = await openNft({ netns: edge.name });
  assert.ok(port.ok);
  const begun = Date.now();
  const ends = new Map<Ip, number>();
  const block = (ip: Ip, second: number) => {
    const expiresAt = (begun + second * 1000) as Millis;
    ends.set(ip, expiresAt);
    const made = { ip, id: contentId(millis(1), [ip]) as DecisionId, expiresAt };
    site.blocks.set(ip, made);
    return made;
  };
  const seconds = Array.from({ length: LONGEST }, (_, i) => i + 1);
  for (const second of seconds) block(`203.0.113.${second}` as Ip, second);
  await firewall.enable();
  for (const second of seconds) {
    assert.ok((await firewall.enforce([block(`198.51.100.${second}` as Ip, second)])).ok);
  }
  const gone = new Map<Ip, number>();
  await waitFor(
    'all blocks to end',
    async () => {
      const left = [...ends.keys()].filter((ip) => !gone.has(ip));
      const asked = Date.now();
      const found = await port.value.find('bartizan', blockedSet(4), left);
      assert.ok(found.ok, 'the set can be read');
      for (const [i, ip] of left.entries()) {
        if (found.value[i] !== undefined) continue;
        gone.set(ip, asked);
        // As the sweep of the books does, so that nothing is put back.
        site.blocks.delete(ip);
      }
      return gone.size === ends.size || undefined;
    },
    { withinMs: (LONGEST + 10) * 1000, everyMs: 20 },
  );
  const late = [...gone].map(([ip, at]) => at - (ends.get(ip) ?? 0));
  assert.ok(
    Math.max(...late) <= 1000 && Math.min(...late) >= -1000,
    `off by ${Math.min(...late)} to ${Math.max(...late)} ms`,
  );
  assert.deepEqual(site.reports, [], 'what ends by itself is no damage');
  await port.value.close();
  await firewall.close();
});
