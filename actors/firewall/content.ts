import { aggregate } from '../../core/base/aggregate.ts';
import { type Cidr, parseCidr } from '../../core/base/ip.ts';
import type { Millis } from '../../core/base/time.ts';
import { sameValue } from '../../core/config/change.ts';
import { hostFeaturesOf } from '../../core/config/firewall-features.ts';
import { listIdOf, listSpecsOf } from '../../core/config/lists-setting.ts';
import type { Config } from '../../core/config/settings.ts';
import type { HostFeatures } from '../../core/respond/host-features.ts';
import type { ListUse } from './list-rules.ts';

/** What of the kernel's rules follows from the settings. Entries were validated where they came in. */
export interface FirewallContent {
  /** `infra_ips`: let in whatever else is said. */
  readonly infra: readonly string[];
  /** `firewall.denied_networks`: dropped, behind infra and what is allowed. */
  readonly denied: readonly string[];
  /** `lists` and `firewall.country_block`: which lists count; absent where there are none. What they hold is no content. */
  readonly lists?: readonly ListUse[];
  /** What judges packets to this host by more than who sends them; absent where nothing does. */
  readonly features?: HostFeatures;
}

export function contentOf(config: Pick<Config, 'infra_ips' | 'firewall' | 'lists'>): FirewallContent {
  const { infra_ips: infra, firewall } = config;
  const features = hostFeaturesOf(firewall);
  const lists = listSpecsOf(config).map((spec): ListUse => {
    const { name, kind, mode } = spec;
    return { name, kind, mode, id: listIdOf(spec) };
  });
  return {
    infra,
    denied: firewall.denied_networks,
    ...(lists.length === 0 ? {} : { lists }),
    ...(features === undefined ? {} : { features }),
  };
}

/** What judges as no table would: everybody is let in, blocked or not. */
export const OPEN: FirewallContent = { infra: ['0.0.0.0/0', '::/0'], denied: [] };

/** How long a trial still lasts, ms, 0 or less when it is over; asked anew each time the kernel is told. */
export interface TrialTime {
  left(): Millis;
}

/** By what packets are judged: the confirmed content, unless a candidate is on trial and its time is not over. */
export interface Judges {
  readonly confirmed: FirewallContent;
  readonly trial?: { readonly candidate: FirewallContent; readonly time: TrialTime };
}

/**
 * Routers ask for neighbours from these, and hosts for duplicates of their address. To deny `::/0` is not to be cut from
 * the very link, which would be noticed only when the neighbours' caches run out.
 */
const NEIGHBOURS = ['fe80::/10', '::/128'];

export const infraNetworks = ({ infra }: FirewallContent): readonly Cidr[] => networksOf([...infra, ...NEIGHBOURS]);
export const deniedNetworks = ({ denied }: FirewallContent): readonly Cidr[] => networksOf(denied);

/** Interval sets refuse overlaps, so what overlaps is joined. */
const networksOf = (entries: readonly string[]): readonly Cidr[] =>
  aggregate(
    entries.flatMap((entry) => {
      const net = parseCidr(entry);
      return net.ok ? [net.value] : [];
    }),
  );

/** Whether two contents make the same rules, however they are written. */
export const sameContent = (a: FirewallContent, b: FirewallContent): boolean =>
  textOf(infraNetworks(a)) === textOf(infraNetworks(b)) &&
  textOf(deniedNetworks(a)) === textOf(deniedNetworks(b)) &&
  listsText(a) === listsText(b) &&
  sameValue(a.features, b.features);

const textOf = (networks: readonly Cidr[]): string => networks.map(({ text }) => text).join();

const listsText = ({ lists = [] }: FirewallContent): string =>
  lists.map(({ kind, mode, id }) => `${kind} ${mode} ${id}`).join('\n');
