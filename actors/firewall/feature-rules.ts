import type { DropLog, HostFeature, HostFeatures, PortFlood, PortRange } from '../../core/respond/host-features.ts';
import type { HooklessChain, Match, Rate, RuleDeclaration, SetDeclaration } from '../../native/nft/index.ts';

/** What one content's features make of the table. */
export interface FeatureRules {
  /** Behind the rules that accept lo, infra and what is allowed. */
  readonly rules: readonly RuleDeclaration[];
  /** Where what is dropped is logged first. */
  readonly chains: readonly HooklessChain[];
  /** Sources that are counted. */
  readonly meters: readonly SetDeclaration[];
}

/** Names the set that holds exactly these ports; undefined where there are none. */
export type PortSetOf = (ports: readonly PortRange[]) => string | undefined;

export const NO_FEATURES: FeatureRules = { rules: [], chains: [], meters: [] };

/** Before the name of a feature that only counts. */
const WOULD = 'would_';

/** The counter of a feature's rules. */
export const featureCounter = (feature: HostFeature, isCounting: boolean): string =>
  isCounting ? `${WOULD}${feature}` : feature;

const FAMILIES = [4, 6] as const;
/** Sources that a meter knows at a time; who finds it full is not counted and gets in. */
const METER_SIZE = 65_536;

/** By which hosts report that a packet cannot be delivered, path MTU among it. */
const ERRORS = { 4: [3, 11, 12], 6: [1, 2, 3, 4] } as const;
/** Neighbours, routers and multicast listeners: without these the link itself is lost. */
const NEIGHBOURS = [130, 131, 132, 133, 134, 135, 136, 137, 143] as const;
const ECHO_REQUEST = { 4: [8], 6: [128] } as const;
const ICMP = { 4: 'icmp', 6: 'icmpv6' } as const;
const DHCP_CLIENT = { 4: 68, 6: 546 } as const;

const NEW: Match = { match: 'ct', states: ['new'] };
const TCP: Match = { match: 'protocol', protocol: 'tcp' };
const UDP: Match = { match: 'protocol', protocol: 'udp' };

const accept = (...when: readonly Match[]): RuleDeclaration => ({ when, verdict: 'accept' });

/**
 * The rules in their order: ICMP, which conntrack takes for established though it is a flood; what is established; then
 * new connections, the ports that are closed to them first, the bounds of rates behind them; the open ports last of all.
 * @param prefix before the names of what is only this content's
 */
export function featureRules(features: HostFeatures, prefix: string, portSet: PortSetOf): FeatureRules {
  const maker = new Maker(features, prefix);
  maker.icmp();
  maker.add(accept({ match: 'ct', states: ['established', 'related'] }));
  maker.dhcp();
  maker.restricted(portSet);
  maker.connections();
  maker.udp();
  maker.open(portSet);
  return maker.made();
}

class Maker {
  readonly #features: HostFeatures;
  readonly #prefix: string;
  readonly #rules: RuleDeclaration[] = [];
  readonly #meters: SetDeclaration[] = [];
  readonly #logged = new Set<HostFeature>();

  constructor(features: HostFeatures, prefix: string) {
    this.#features = features;
    this.#prefix = prefix;
  }

  made(): FeatureRules {
    const { log } = this.#features;
    const chains = log === undefined ? [] : [...this.#logged].map((feature) => this.#dropChain(feature, log));
    return { rules: this.#rules, chains, meters: this.#meters };
  }

  add(...rules: readonly RuleDeclaration[]): void {
    this.#rules.push(...rules);
  }

  icmp(): void {
    const { icmp, open } = this.#features;
    if (icmp === undefined && open === undefined) return;
    this.add(
      accept({ match: 'icmp', family: 4, types: ERRORS[4] }),
      accept({ match: 'icmp', family: 6, types: [...ERRORS[6], ...NEIGHBOURS] }),
    );
    for (const family of FAMILIES) {
      const echo: Match = { match: 'icmp', family, types: ECHO_REQUEST[family] };
      if (icmp === 'needed') this.#refuse('icmp_policy', echo);
      else if (icmp !== undefined) this.#refuse('icmp_policy', echo, this.#over(`echo${family}`, family, icmp));
    }
  }

  /** Answers come to an address that asked from none. */
  dhcp(): void {
    if (this.#features.open === undefined) return;
    for (const family of FAMILIES) {
      const port: Match = { match: 'dport', protocol: 'udp', port: DHCP_CLIENT[family] };
      this.add(accept({ match: 'nfproto', family }, port));
    }
  }

  restricted(portSet: PortSetOf): void {
    const set = portSet(this.#features.restrictedTcp ?? []);
    if (set !== undefined) this.#refuse('restricted_tcp', { match: 'dport', protocol: 'tcp', set }, NEW);
    // Echo requests are judged already; what is left of ICMP and no answer has nothing to say here.
    if (this.#features.icmp === 'needed') {
      for (const family of FAMILIES) this.#refuse('icmp_policy', { match: 'protocol', protocol: ICMP[family] });
    }
  }

  connections(): void {
    const { synRate, connRate, connLimit, portFlood = [] } = this.#features;
    for (const family of FAMILIES) {
      if (synRate !== undefined) {
        this.#refuse('syn_flood', { match: 'syn' }, this.#over(`syn${family}`, family, synRate));
      }
      if (connRate !== undefined) {
        this.#refuse('conn_rate', TCP, NEW, this.#over(`conn_rate${family}`, family, connRate));
      }
      if (connLimit !== undefined) {
        const per = this.#meter(`conn_limit${family}`, family, false);
        this.#refuse('conn_limit', TCP, NEW, { match: 'connections', over: connLimit, per });
      }
      this.#portFloods(family, portFlood);
    }
  }

  udp(): void {
    const { udpRate } = this.#features;
    if (udpRate === undefined) return;
    for (const family of FAMILIES) this.#refuse('udp_flood', UDP, NEW, this.#over(`udp${family}`, family, udpRate));
  }

  open(portSet: PortSetOf): void {
    const { open } = this.#features;
    if (open === undefined) return;
    for (const protocol of ['tcp', 'udp'] as const) {
      const set = portSet(open[protocol]);
      if (set !== undefined) this.add(accept({ match: 'dport', protocol, set }));
    }
    for (const family of FAMILIES) this.add(accept({ match: 'protocol', protocol: ICMP[family] }));
    this.#refuse('default_drop');
  }

  #portFloods(family: 4 | 6, floods: readonly PortFlood[]): void {
    const seen = new Map<string, number>();
    for (const { protocol, port, rate } of floods) {
      const name = `flood${family}_${protocol}_${port}`;
      const nth = (seen.get(name) ?? 0) + 1;
      seen.set(name, nth);
      const over = this.#over(`${name}_${nth}`, family, rate);
      this.#refuse('port_flood', { match: 'dport', protocol, port }, NEW, over);
    }
  }

  #over(name: string, family: 4 | 6, rate: Rate): Match {
    return { match: 'over', rate, per: this.#meter(name, family, true) };
  }

  #meter(name: string, family: 4 | 6, timeout: boolean): string {
    const set = { name: `${this.#prefix}${name}`, family, interval: false, timeout, size: METER_SIZE, dynamic: true };
    this.#meters.push(set);
    return set.name;
  }

  #refuse(feature: HostFeature, ...when: readonly Match[]): void {
    const { counting, log } = this.#features;
    const isCounting = counting?.includes(feature) ?? false;
    const counter = `${this.#prefix}${featureCounter(feature, isCounting)}`;
    const isLogged = log !== undefined && !isCounting;
    if (isLogged) this.#logged.add(feature);
    const drop = isLogged ? { goto: this.#dropName(feature) } : 'drop';
    this.add({ when, counter, verdict: isCounting ? 'continue' : drop });
  }

  #dropName(feature: HostFeature): string {
    return `${this.#prefix}drop_${feature}`;
  }

  #dropChain(feature: HostFeature, { perMinute, group }: DropLog): HooklessChain {
    const rate = { packets: perMinute, per: 'minute', burst: Math.min(perMinute, LINES_AT_ONCE) } as const;
    const log = { prefix: `bartizan-drop ${feature}: `, rate, ...(group === undefined ? {} : { group }) };
    const rules: readonly RuleDeclaration[] = [
      { when: [], log, verdict: 'continue' },
      { when: [], verdict: 'drop' },
    ];
    return { name: this.#dropName(feature), rules };
  }
}

const LINES_AT_ONCE = 60;
