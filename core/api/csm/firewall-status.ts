import { Type } from 'typebox';
import type { Deadline } from '../../base/time.ts';
import { passiveOf } from '../../config/firewall-features.ts';
import type { ApplianceFacts } from '../appliance.ts';
import { endpoint } from '../deps.ts';
import { Count } from './wire.ts';

const Ports = Type.Array(Type.Integer());

export const firewallStatus = endpoint({
  name: 'firewallStatus',
  method: 'GET',
  path: '/api/v1/firewall/status',
  scope: 'admin',
  summary: 'What the firewall is set to, and how much it blocks and allows',
  response: Type.Object({
    enabled: Type.Boolean(),
    ipv6: Type.Boolean(),
    tcp_in: Ports,
    tcp_out: Ports,
    udp_in: Ports,
    udp_out: Ports,
    restricted_tcp: Ports,
    passive_ftp: Type.Array(Type.Integer(), { description: 'First and last port; 0 and 0 for none' }),
    conn_rate_limit: Count,
    conn_limit: Count,
    syn_flood_protection: Type.Boolean(),
    udp_flood: Type.Boolean(),
    smtp_block: Type.Boolean(),
    log_dropped: Type.Boolean(),
    deny_ip_limit: Count,
    blocked_count: Count,
    blocked_net_count: Count,
    blocked_permanent: Count,
    blocked_temporary: Count,
    allowed_count: Count,
    allow_permanent: Count,
    allow_temporary: Count,
    port_allow_count: Count,
    infra_ips: Type.Array(Type.String()),
    infra_count: Count,
    port_flood_rules: Count,
    country_block: Type.Array(Type.String({ description: 'Codes of countries, as the config has them' })),
    dyndns_hosts: Type.Array(Type.String()),
    default: Type.String({ description: 'Own: accept | drop, what becomes of what no rule judges' }),
    icmp: Type.String({ description: 'Own: accept | limit | needed' }),
    count_only: Type.Array(Type.String(), { description: 'Own: features that count what they would drop' }),
    pending_count: Type.Integer({ minimum: 0, description: 'Own: automatic blocks that wait for their turn' }),
  }),
  errors: [],
  handler: async ({ deps: { appliance, allows } }) => {
    const facts = await appliance.facts();
    const [blocked, allowed] = [lasting(appliance.blocks()), lasting(allows.list())];
    return {
      ok: true,
      value: {
        ...settingsOf(facts),
        port_allow_count: allows.ports().length,
        blocked_net_count: facts.blockedNetworks,
        pending_count: facts.queue.pending,
        blocked_count: blocked.permanent + blocked.temporary,
        blocked_permanent: blocked.permanent,
        blocked_temporary: blocked.temporary,
        allowed_count: allowed.permanent + allowed.temporary,
        allow_permanent: allowed.permanent,
        allow_temporary: allowed.temporary,
      },
    };
  },
});

/**
 * What has an effect: open ports only where all others are closed. What this host sends is left to others; of that, and of
 * names that change their address, nothing is reported.
 */
function settingsOf({ firewall }: ApplianceFacts) {
  const { features } = firewall;
  const closes = features.default === 'drop';
  const [passive = { first: 0, last: 0 }] = closes ? passiveOf(features) : [];
  return {
    enabled: firewall.enabled,
    ipv6: true,
    tcp_in: closes ? [...features.tcp_in] : [],
    tcp_out: [],
    udp_in: closes ? [...features.udp_in] : [],
    udp_out: [],
    restricted_tcp: [...features.restricted_tcp],
    passive_ftp: [passive.first, passive.last],
    conn_rate_limit: features.conn_rate_limit,
    conn_limit: features.conn_limit,
    syn_flood_protection: features.syn_flood_protection,
    udp_flood: features.udp_flood,
    smtp_block: false,
    log_dropped: features.log_dropped,
    default: features.default,
    icmp: features.icmp,
    count_only: [...features.count_only],
    deny_ip_limit: firewall.capacity,
    infra_ips: [...firewall.infra],
    infra_count: firewall.infra.length,
    port_flood_rules: features.port_flood.length,
    country_block: [...firewall.countries],
    dyndns_hosts: [],
  };
}

/** How many end by themselves, and how many do not. */
function lasting(entries: readonly { readonly expiresAt: Deadline }[]) {
  const permanent = entries.filter(({ expiresAt }) => expiresAt === 'never').length;
  return { permanent, temporary: entries.length - permanent };
}
