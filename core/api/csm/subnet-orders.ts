import { type Static, Type } from 'typebox';
import { type Cidr, parseCidr } from '../../base/ip.ts';
import { ok, type Result } from '../../base/result.ts';
import type { Millis } from '../../base/time.ts';
import { subjectOf } from '../../respond/allow.ts';
import type { BlockNetworkRefusal, Reversible } from '../../respond/block.ts';
import { type ApiDeps, endpoint } from '../deps.ts';
import { type RequestContext, refuse } from '../endpoint.ts';
import type { ErrorCode } from '../problem.ts';
import { undoToken } from '../undo.ts';
import { askingOf, CUTTING_FIELDS, DEFAULT_REASON } from './block-ip.ts';
import { deadlineOf, liftRefusal, UndoToken, Warning } from './operator.ts';

const REFUSALS: Readonly<Record<BlockNetworkRefusal, ErrorCode>> = {
  protected: 'bad_request',
  too_broad: 'bad_request',
  would_cut: 'conflict',
  full: 'conflict',
  observing: 'unavailable',
  failed: 'internal',
};

const Subnet = Type.String({ maxLength: 64, description: 'In CIDR form, /8 or /32 (IPv6) at least' });

const DenySubnet = Type.Object({ cidr: Subnet, ...CUTTING_FIELDS });

export const denySubnet = endpoint({
  name: 'denySubnet',
  method: 'POST',
  path: '/api/v1/firewall/deny-subnet',
  scope: 'admin',
  summary: 'Block a network now; not one that holds infra, this host, what is allowed, or who asks',
  body: DenySubnet,
  example: { body: { cidr: '203.0.113.0/24', reason: 'scanners', duration: '7d' } },
  response: Type.Object({ status: Type.Literal('blocked'), cidr: Type.String(), undo_token: UndoToken }),
  errors: ['bad_request', 'conflict', 'internal', 'unavailable'],
  audit: { action: 'deny_subnet', target: 'cidr', details: ['reason', 'duration', 'force_reason', 'asking_from'] },
  handler: async ({ deps, body, context }) => {
    const order = orderOf(body, deps.clock.now(), context);
    if (!order.ok) return refuse('bad_request', order.public);
    const blocked = await block(deps, order.value);
    if (!blocked.ok) return refuse(REFUSALS[blocked.code], blocked.public, blocked.cause);
    const cidr = order.value.network.text;
    const about = { action: 'deny_subnet', inverse: 'threat_bulk_unblock', summary: `Blocked ${cidr}` } as const;
    const token = undoToken(deps.undo, context.principal, { ...about, reversal: blocked.value.reversal });
    return { ok: true, value: { status: 'blocked' as const, cidr, undo_token: token } };
  },
});

function orderOf(
  { cidr, reason = '', duration = '', ...by }: Static<typeof DenySubnet>,
  now: Millis,
  context: RequestContext,
) {
  const network = parseCidr(cidr.trim());
  if (!network.ok) return network;
  const deadline = deadlineOf(duration, now);
  if (!deadline.ok) return deadline;
  const asking = askingOf(by, context);
  if (!asking.ok) return asking;
  const about = { reason: reason.trim() || DEFAULT_REASON, expiresAt: deadline.value, ...asking.value };
  return ok({ network: network.value, ...about });
}

type Order = Extract<ReturnType<typeof orderOf>, { ok: true }>['value'];

/** A network of one address is that address. */
function block(
  { appliance }: Pick<ApiDeps, 'appliance'>,
  order: Order,
): Promise<Result<Reversible, BlockNetworkRefusal>> {
  const { network, ...rest } = order;
  const ip = addressOf(network);
  return ip === undefined ? appliance.blockNetwork(order) : appliance.block({ ip, ...rest });
}

const addressOf = (network: Cidr) => {
  const subject = subjectOf(network);
  return subject.includes('/') ? undefined : (subject as Parameters<ApiDeps['appliance']['blockOf']>[0]);
};

export const removeSubnet = endpoint({
  name: 'removeSubnet',
  method: 'POST',
  path: '/api/v1/firewall/remove-subnet',
  scope: 'admin',
  summary: 'Lift the block of a network; one that is not blocked is no error, and blocks of its addresses stay',
  body: Type.Object({ cidr: Type.String({ maxLength: 64 }) }),
  example: { body: { cidr: '192.0.2.0/24' } },
  response: Type.Object({
    status: Type.Literal('removed'),
    cidr: Type.String(),
    was_blocked: Type.Boolean({ description: 'Own: whether it was blocked at all' }),
    undo_token: UndoToken,
    warning: Warning,
  }),
  errors: ['bad_request', 'internal', 'unavailable'],
  audit: { action: 'remove_subnet', target: 'cidr' },
  handler: async ({ deps: { appliance, undo }, body, context: { principal } }) => {
    const net = parseCidr(body.cidr.trim());
    if (!net.ok) return refuse('bad_request', net.public);
    const cidr = net.value.text;
    const [ip, actor] = [addressOf(net.value), principal.name];
    const lifted = await (ip === undefined
      ? appliance.unblockNetwork({ network: cidr, actor })
      : appliance.unblock({ ip, actor }));
    if (!lifted.ok && lifted.code !== 'not_blocked') {
      return refuse(liftRefusal(lifted.code), lifted.public, lifted.cause);
    }
    const warning = lifted.ok && lifted.value.warning !== undefined ? { warning: lifted.value.warning } : {};
    const about = { action: 'remove_subnet', inverse: 'firewall_bulk_reblock', summary: `Unblocked ${cidr}` } as const;
    const undo_token = lifted.ok ? undoToken(undo, principal, { ...about, reversal: lifted.value.reversal }) : '';
    return { ok: true, value: { status: 'removed' as const, cidr, was_blocked: lifted.ok, undo_token, ...warning } };
  },
});
