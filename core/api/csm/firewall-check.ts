import { type Static, Type } from 'typebox';
import { contains, type ParsedIp, parseCidr, parseIp } from '../../base/ip.ts';
import { type Millis, rfc3339 } from '../../base/time.ts';
import type { Decision, NetworkDecision } from '../../respond/decision.ts';
import { type ApiDeps, endpoint } from '../deps.ts';
import { expiresIn, wireDeadline } from './wire.ts';

const Reason = Type.Union([Type.String(), Type.Null()]);
const ExpiresAt = Type.String({ description: 'RFC 3339; empty: never' });

const Block = Type.Object({
  subject: Type.String({ description: 'The address, or a network around it' }),
  reason: Type.String(),
  expires_at: ExpiresAt,
  expires_in: Type.String(),
  enforced: Type.Boolean({ description: 'Whether the kernel is known to drop for it' }),
});

const Checked = Type.Object({
  success: Type.Boolean(),
  ip: Type.String(),
  permanent: Reason,
  temporary: Reason,
  cphulk: Type.Boolean(),
  verdict: Type.Enum(['guarded', 'allowed', 'blocked', 'denied', 'waiting', 'free', 'unknown'], {
    description: 'Own: what becomes of its packets, what stands first above what stands later. unknown: no address',
  }),
  blocks: Type.Array(Block, { description: 'Own: every block of it and of the networks around it' }),
  waiting: Type.Optional(
    Type.Object(
      { reason: Type.String(), since: Type.String({ description: 'RFC 3339' }), expires_at: ExpiresAt },
      { description: 'Own: its automatic block that waits for its turn' },
    ),
  ),
  allowed: Type.Optional(
    Type.Object(
      { subject: Type.String(), reason: Type.String(), expires_at: Type.String({ description: 'Empty: never' }) },
      { description: 'Own: the allow that lets it in whatever blocks it' },
    ),
  ),
  port_allowed: Type.Optional(
    Type.Array(
      Type.Object({ port: Type.Integer(), proto: Type.String(), reason: Type.String(), expires_at: ExpiresAt }),
      { description: 'Own: ports that it is let in to whatever else becomes of it' },
    ),
  ),
  denied: Type.Optional(
    Type.Object(
      { network: Type.String() },
      { description: 'Own: the entry of firewall.denied_networks that holds it' },
    ),
  ),
  guarded: Type.Optional(
    Type.Object(
      { network: Type.String(), why: Type.String() },
      { description: 'Own: why it is never blocked: loopback, this host, infra_ips' },
    ),
  ),
  lists: Type.Array(
    Type.Object({ name: Type.String(), kind: Type.Enum(['block', 'allow']), mode: Type.Enum(['enforce', 'count']) }),
    { description: 'Own: the lists in force that hold it' },
  ),
  error_msg: Type.Optional(Type.String({ description: 'Only when success is false' })),
});

export const firewallCheck = endpoint({
  name: 'firewallCheck',
  method: 'GET',
  path: '/api/v1/firewall/check',
  scope: 'admin',
  summary: 'Is an address blocked, itself or with its network, or allowed, and why; answers 200 whatever is asked',
  query: Type.Object({ ip: Type.Optional(Type.String()) }),
  example: { query: { ip: '192.0.2.9' } },
  response: Checked,
  errors: [],
  handler: async ({ deps, query }) => ({ ok: true, value: await check(deps, query.ip ?? '') }),
});

type Asked = Pick<ApiDeps, 'appliance' | 'allows' | 'lists' | 'clock'>;

async function check(deps: Asked, asked: string): Promise<Static<typeof Checked>> {
  const ip = parseIp(asked.trim());
  const nothing = { permanent: null, temporary: null, cphulk: false };
  if (!ip.ok) {
    const error = { error_msg: ip.public, verdict: 'unknown' as const, blocks: [], lists: [] };
    return { success: false, ip: asked.slice(0, 64), ...nothing, ...error };
  }
  const found = {
    ...lettingIn(deps, ip.value),
    ...portsOf(deps, ip.value),
    ...(await guarding(deps, ip.value)),
    ...(await denying(deps, ip.value)),
    ...waitingOf(deps, ip.value),
  };
  const blocks = blocksOf(deps, ip.value);
  const lists = deps.lists.covering(ip.value.text).map(({ name, kind, mode }) => ({ name, kind, mode }));
  return {
    success: true,
    ip: ip.value.text,
    ...nothing,
    ...reasonOf(blocks, lists, found),
    verdict: verdictOf(found, blocks, lists),
    blocks,
    ...found,
    lists,
  };
}

type Lists = Static<typeof Checked>['lists'];
type Blocks = Static<typeof Checked>['blocks'];
/** What speaks for and against an address, beside blocks and lists. */
type Found = Pick<Static<typeof Checked>, 'guarded' | 'allowed' | 'denied' | 'waiting'>;

const enforced = (lists: Lists, kind: 'block' | 'allow') =>
  lists.find((list) => list.kind === kind && list.mode === 'enforce');

/** Of the first block in CSM's words. An allow leaves the address's own, which holds again when the allow ends. */
function reasonOf(blocks: Blocks, lists: Lists, { allowed, denied }: Found) {
  const isAllowed = allowed !== undefined;
  const [first] = isAllowed ? blocks.filter(({ subject }) => !subject.includes('/')) : blocks;
  if (first !== undefined) return { [first.expires_at === '' ? 'permanent' : 'temporary']: first.reason };
  if (isAllowed) return {};
  const list = enforced(lists, 'block');
  if (list !== undefined) return { permanent: `on the list ${list.name}` };
  const isDenied = denied !== undefined && enforced(lists, 'allow') === undefined;
  return isDenied ? { permanent: `in firewall.denied_networks: ${denied.network}` } : {};
}

/** In the order in which the kernel judges. */
function verdictOf({ guarded, allowed, denied, waiting }: Found, blocks: Blocks, lists: Lists) {
  if (guarded !== undefined) return 'guarded';
  if (allowed !== undefined || enforced(lists, 'allow') !== undefined) return 'allowed';
  if (blocks.length > 0 || enforced(lists, 'block') !== undefined) return 'blocked';
  if (denied !== undefined) return 'denied';
  return waiting === undefined ? 'free' : 'waiting';
}

function blocksOf({ appliance, clock }: Asked, ip: ParsedIp): Static<typeof Block>[] {
  const [own, now] = [appliance.blockOf(ip.text), clock.now()];
  const around = appliance.networksAround(ip);
  return [...(own === undefined ? [] : [own]), ...around].map((block) => ({
    ...rowOf(block, now),
    enforced: appliance.isEnforced(block),
  }));
}

const rowOf = (block: Decision | NetworkDecision, now: Millis) => ({
  subject: block.kind === 'block' ? block.ip : block.network,
  reason: block.reason,
  expires_at: wireDeadline(block.expiresAt),
  expires_in: expiresIn(block.expiresAt, now),
});

function lettingIn({ allows }: Asked, ip: ParsedIp): Pick<Static<typeof Checked>, 'allowed'> {
  const allow = allows.covering(ip);
  if (allow === undefined) return {};
  const { subject, reason, expiresAt } = allow;
  return { allowed: { subject, reason, expires_at: wireDeadline(expiresAt) } };
}

async function guarding({ appliance }: Asked, ip: ParsedIp): Promise<Pick<Static<typeof Checked>, 'guarded'>> {
  const guard = await appliance.guardOf(ip);
  return guard === undefined ? {} : { guarded: { network: guard.net.text, why: guard.why } };
}

function portsOf({ allows }: Asked, { text }: ParsedIp): Pick<Static<typeof Checked>, 'port_allowed'> {
  const port_allowed = allows
    .ports()
    .filter(({ subject }) => subject === text)
    .map(({ port: { port, protocol }, reason, expiresAt }) => ({
      port,
      proto: protocol,
      reason,
      expires_at: wireDeadline(expiresAt),
    }));
  return port_allowed.length === 0 ? {} : { port_allowed };
}

async function denying({ appliance }: Asked, ip: ParsedIp): Promise<Pick<Static<typeof Checked>, 'denied'>> {
  const { firewall } = await appliance.facts();
  const network = firewall.denied.find((text) => {
    const net = parseCidr(text);
    return net.ok && contains(net.value, ip);
  });
  return network === undefined ? {} : { denied: { network } };
}

function waitingOf({ appliance }: Asked, { text }: ParsedIp): Pick<Static<typeof Checked>, 'waiting'> {
  const pending = appliance.pendingBlocks().find(({ decision }) => decision.ip === text);
  if (pending === undefined) return {};
  const { decision, since } = pending;
  const times = { since: rfc3339(since), expires_at: wireDeadline(decision.expiresAt) };
  return { waiting: { reason: decision.reason, ...times } };
}
