import { type LetIn, withAllowed } from '../../actors/firewall/allowed.ts';
import { contentOf, type FirewallContent } from '../../actors/firewall/content.ts';
import { placedIn, rulesText, wholeTableText } from '../../actors/firewall/ruleset-text.ts';
import { tableOf } from '../../actors/firewall/table.ts';
import { parseCidr } from '../../core/base/ip.ts';
import { parseConfig } from '../../core/config/read.ts';
import { sectionOf } from '../../core/config/sections.ts';
import { view } from '../../core/config/setting.ts';
import { SETTINGS } from '../../core/config/settings.ts';
import { AROUND } from '../unit/core/config/surroundings.ts';
import { fc } from './random.ts';
import { rightValue } from './setting-values.ts';

/** What the product writes for a boot and for the reverter. */
export interface Texts {
  readonly whole: string;
  readonly rules: string;
}

export const NOBODY: LetIn = { networks: [], ports: [] };

export function textsOf(content: FirewallContent, letIn: LetIn = NOBODY, maxBlocks = 500_000, netns?: string): Texts {
  const table = tableOf('bartizan', maxBlocks, { confirmed: content });
  return {
    whole: placedIn(netns, wholeTableText(withAllowed(table, letIn))),
    rules: placedIn(netns, rulesText(table)),
  };
}

/** Everything that judges, at once. */
export const JUDGING: FirewallContent = {
  infra: ['192.0.2.0/24', '10.0.0.0/8', '2001:db8::/64'],
  denied: ['203.0.113.0/24', '::/0'],
  features: {
    restrictedTcp: [{ first: 2087, last: 2087 }],
    synRate: { packets: 100, per: 'second', burst: 200 },
    connRate: { packets: 200, per: 'minute', burst: 200 },
    connLimit: 400,
    portFlood: [{ protocol: 'tcp', port: 25, rate: { packets: 2, per: 'second', burst: 600 } }],
    udpRate: { packets: 100, per: 'second', burst: 500 },
    icmp: { packets: 10, per: 'second', burst: 10 },
    open: {
      tcp: [
        { first: 22, last: 22 },
        { first: 80, last: 81 },
      ],
      udp: [{ first: 53, last: 53 }],
    },
    log: { perMinute: 60 },
    counting: ['udp_flood', 'conn_rate'],
  },
};

const cidrs = (texts: readonly string[]) =>
  texts.flatMap((text) => {
    const net = parseCidr(text);
    return net.ok ? [net.value] : [];
  });

const letIn: fc.Arbitrary<LetIn> = fc.record({
  networks: fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('198.51.100.0/24', '2001:db8:9::/48'))).map(cidrs),
  ports: fc.uniqueArray(
    fc.record({
      subject: fc.constantFrom('198.51.100.9', '2001:db8::9', '203.0.113.200'),
      port: fc.record({
        protocol: fc.constantFrom('tcp' as const, 'udp' as const),
        port: fc.integer({ min: 1, max: 65_535 }),
      }),
    }),
    { selector: (each) => JSON.stringify(each) },
  ),
});

/** Right values of every setting of the firewall, most at their defaults or not, as chance has it. */
const settings: fc.Arbitrary<Record<string, unknown>> = fc.record(
  Object.fromEntries(
    (sectionOf('firewall')?.fields ?? [])
      .filter(({ key }) => !['table', 'netns', 'hand_socket', 'engine', 'enabled'].includes(key))
      .map(({ key, placed }) => [key, rightValue(view(placed.setting.schema))]),
  ),
  { requiredKeys: [] },
);

/** Texts that the product writes under settings of all kinds that go together. */
export const texts: fc.Arbitrary<Texts> = fc
  .record({
    firewall: settings,
    infra_ips: rightValue(view(SETTINGS.infra_ips.schema)),
    letIn,
    netns: fc.option(fc.constantFrom('edge', 'a-1.b_2'), { nil: undefined }),
  })
  .map(({ firewall, infra_ips, letIn, netns }) => {
    const read = parseConfig(JSON.stringify({ firewall, infra_ips }), 'bartizan.yaml', AROUND);
    return read.ok
      ? textsOf(contentOf(read.value.config), letIn, read.value.config.firewall.max_blocks, netns)
      : undefined;
  })
  .filter((made) => made !== undefined);
