import { execFileSync } from 'node:child_process';
import type { FirewallContent } from '../../actors/firewall/index.ts';
import type { DecisionId } from '../../core/base/ids.ts';
import { contentId } from '../../core/base/ids.ts';
import type { Ip } from '../../core/base/ip.ts';
import { type Millis, millis } from '../../core/base/time.ts';
import { monotonic } from '../support/boundary.ts';
import { FirewallSite } from '../support/firewall-site.ts';

/**
 * A process that arms a trial and then waits for what comes: `node firewall-trial-child.js JSON`. Says when the trial ends
 * and when it was armed (CLOCK_MONOTONIC, ms).
 */
export interface TrialOrder {
  readonly netns: string;
  readonly confirmed: FirewallContent;
  readonly candidate: FirewallContent;
  readonly blocked: readonly string[];
  readonly lasts: number;
}

const order = JSON.parse(process.argv[2] ?? '') as TrialOrder;
const site = new FirewallSite();
for (const ip of order.blocked) {
  site.blocks.set(ip as Ip, { ip: ip as Ip, id: contentId(millis(1), [ip]) as DecisionId, expiresAt: 'never' });
}
const firewall = await site.open(order.netns, order.confirmed);
await firewall.enable();
const end = monotonic() + order.lasts;
const armed = await firewall.arm(order.candidate, { left: () => (end - monotonic()) as Millis });
if (!armed.ok) throw new Error(armed.public);
console.log(`${end} ${monotonic()}`);
execFileSync('sleep', ['600']);
