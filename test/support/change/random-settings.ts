import type { Change } from '../../../core/config/change.ts';
import { ADMIN, EDGE, PORT } from '../boundary.ts';

/** Whole numbers below n. */
export type Below = (n: number) => number;

const one = <V>(below: Below, all: readonly V[]): V => {
  const found = all[below(all.length)];
  if (found === undefined) throw new Error('nothing to choose from');
  return found;
};

const some = <V>(below: Below, most: number, make: () => V): V[] => Array.from({ length: below(most + 1) }, make);

/** Those that cut an admin off, everybody, or who is on the link; our own; what only looks dangerous. */
const HOSTILE = [
  ADMIN.v4,
  `${ADMIN.v4}/32`,
  `${ADMIN.v6}/128`,
  '192.0.2.0/24',
  '192.0.0.0/8',
  '2001:db8:1::/64',
  '2001:db8::/32',
  '0.0.0.0/0',
  '::/0',
  '0.0.0.0/1',
  '128.0.0.0/1',
  '8000::/1',
  '::/1',
  EDGE.v4,
  EDGE.v6,
  '127.0.0.0/8',
  '::1',
  'fe80::/10',
  'ff00::/8',
  '224.0.0.0/4',
  '::ffff:192.0.2.2',
];

const WRONG = ['', 'localhost', '192.0.2.0/33', '2001:db8::/129', '10.0.0', 7, null, ['10.0.0.1'], '10.0.0.1-10.0.0.9'];

const elsewhere = (below: Below): string =>
  below(3) === 0
    ? `2001:db8:${(0x100 + below(0xf000)).toString(16)}::/${48 + below(17)}`
    : `10.${below(256)}.${below(256)}.0/${one(below, [24, 25, 20, 24])}`.replace(/\d+\.0\/20/, '0.0/20');

const networks = (below: Below): unknown[] => {
  switch (below(6)) {
    case 0:
      return [];
    case 1:
      return some(below, 3, () => one(below, HOSTILE));
    case 2:
      return [...some(below, 5, () => elsewhere(below)), one(below, HOSTILE)];
    case 3:
      return Array.from({ length: 200 + below(1800) }, () => elsewhere(below));
    case 4:
      return some(below, 4, () => elsewhere(below)).flatMap((net) => [net, net]);
    default:
      return below(4) === 0 ? [one(below, WRONG), ...some(below, 2, () => elsewhere(below))] : [elsewhere(below)];
  }
};

/** Of an admin whom infra alone lets in, in half of the lists that have anything. */
const infra = (below: Below): unknown[] => {
  const chosen = networks(below);
  return below(2) === 0 ? [ADMIN.v4, ADMIN.v6, ...chosen] : chosen;
};

/** The admin's own, and others. */
const PORTS = [22, PORT, 1, 65_535];

/** What closes ports: whoever is cut off by that is cut off at once, and wholly. */
function ports(below: Below): readonly Change[] {
  const list = (path: string): Change => ({ path, value: some(below, 3, () => one(below, PORTS)) });
  const names = some(below, 2, () => one(below, ['default_drop', 'restricted_tcp', 'conn_limit']));
  return [
    { path: 'firewall.default', value: one(below, ['drop', 'drop', 'accept']) },
    list('firewall.tcp_in'),
    ...(below(3) === 0 ? [list('firewall.restricted_tcp')] : []),
    ...(below(3) === 0 ? [{ path: 'firewall.conn_limit', value: 5000 }] : []),
    ...(below(4) === 0 ? [{ path: 'firewall.count_only', value: names }] : []),
    { path: 'firewall.log_dropped', value: below(2) === 0 },
    { path: 'firewall.icmp', value: one(below, ['accept', 'limit', 'needed']) },
  ];
}

/** Valid, hostile or silly: what somebody might make of the firewall's settings. */
export function randomSettings(below: Below): readonly Change[] {
  const denied = (): Change => ({ path: 'firewall.denied_networks', value: networks(below) as Change['value'] });
  const letIn = (): Change => ({ path: 'infra_ips', value: infra(below) as Change['value'] });
  const enabled = (): Change => ({ path: 'firewall.enabled', value: below(4) > 0 });
  switch (below(10)) {
    case 7:
    case 8:
      return ports(below);
    case 9:
      return [letIn(), ...ports(below)];
    case 0:
    case 1:
      return [denied()];
    case 2:
    case 3:
      return [letIn()];
    case 4:
      return [enabled()];
    case 5:
      return [denied(), letIn()];
    default:
      return [denied(), letIn(), enabled()];
  }
}
