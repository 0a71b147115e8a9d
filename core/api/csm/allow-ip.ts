import { type Static, Type } from 'typebox';
import { parseCidr } from '../../base/ip.ts';
import { printable, shortened } from '../../base/printable.ts';
import { ok, type Result } from '../../base/result.ts';
import type { Millis } from '../../base/time.ts';
import { type AllowedPort, type AllowRefusal, type AllowRequest, portText, subjectOf } from '../../respond/allow.ts';
import type { Principal } from '../auth.ts';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';
import type { ErrorCode } from '../problem.ts';
import { deadlineOf, ORDER_FIELDS, originOf, Warning } from './operator.ts';
import { ForceReason } from './settings-wire.ts';
import { wireDeadline } from './wire.ts';

const MOST_PORTS = 100;

const REFUSALS: Readonly<Record<AllowRefusal, ErrorCode>> = {
  too_broad: 'bad_request',
  not_one: 'bad_request',
  full: 'conflict',
  failed: 'internal',
};

const Subject = Type.String({
  maxLength: 64,
  description: 'An address; ours: or a network, /8 or /32 (IPv6) at least',
});
const Replaced = Type.Optional(
  Type.Object(
    { expires_at: Type.String({ description: 'RFC 3339, or empty: never' }), reason: Type.String() },
    { description: 'Own: the allow of the same address or network that this one takes the place of' },
  ),
);

const Ports = Type.Optional(
  Type.Array(
    Type.Object({ protocol: Type.Enum(['tcp', 'udp']), port: Type.Integer({ minimum: 1, maximum: 65_535 }) }),
    { minItems: 1, maxItems: MOST_PORTS, description: 'Own: these alone, of a single address' },
  ),
);

const AllowIp = Type.Object({ ip: Subject, ports: Ports, ...ORDER_FIELDS });

export const allowIp = endpoint({
  name: 'allowIp',
  method: 'POST',
  path: '/api/v1/firewall/allow-ip',
  scope: 'admin',
  summary:
    'Always let an address or network in: no finding blocks it, and what blocks it is lifted; or, with `ports`, let an address in to these whatever blocks it',
  body: AllowIp,
  example: { body: { ip: '192.0.2.7', reason: 'monitoring', duration: '7d' } },
  response: Type.Object({
    status: Type.Enum(['allowed', 'temp_allowed']),
    ip: Type.String(),
    ports: Ports,
    replaced: Replaced,
    warning: Warning,
  }),
  errors: ['bad_request', 'conflict', 'internal'],
  audit: { action: 'allow_ip', target: 'ip', details: ['reason', 'duration', 'ports'] },
  handler: async ({ deps: { allows, clock }, body, context: { principal } }) => {
    const request = requestOf(body, clock.now(), principal);
    if (!request.ok) return refuse('bad_request', request.public);
    const allowed = await allows.allow(request.value);
    if (!allowed.ok) return refuse(REFUSALS[allowed.code], allowed.public, allowed.cause);
    const { subject, expiresAt, ports, replaced, warning } = allowed.value;
    const status = expiresAt === 'never' ? ('allowed' as const) : ('temp_allowed' as const);
    const before = replaced && { expires_at: wireDeadline(replaced.expiresAt), reason: replaced.reason };
    return {
      ok: true,
      value: {
        status,
        ip: subject,
        ...(ports === undefined ? {} : { ports: [...ports] }),
        ...(before === undefined ? {} : { replaced: before }),
        ...(warning === undefined ? {} : { warning }),
      },
    };
  },
});

function requestOf(
  { ip, ports, reason = '', duration = '' }: Static<typeof AllowIp>,
  now: Millis,
  principal: Principal,
): Result<AllowRequest, 'bad_cidr' | 'bad_duration'> {
  const network = parseCidr(ip.trim());
  if (!network.ok) return network;
  const deadline = deadlineOf(duration, now);
  if (!deadline.ok) return deadline;
  return ok({
    network: network.value,
    ...(ports === undefined ? {} : { ports: distinctPorts(ports) }),
    written: shortened(printable(ip.trim()), 64),
    reason: reason.trim(),
    expiresAt: deadline.value,
    origin: originOf(principal),
    actor: principal.name,
  });
}

const distinctPorts = (ports: readonly AllowedPort[]): readonly AllowedPort[] => [
  ...new Map(ports.map(({ protocol, port }) => [portText({ protocol, port }), { protocol, port }])).values(),
];

export const removeAllow = endpoint({
  name: 'removeAllow',
  method: 'POST',
  path: '/api/v1/firewall/remove-allow',
  scope: 'admin',
  summary:
    'Let an address or network in no more than any other, or with `ports` no more to these; one that is not allowed is no error',
  body: Type.Object({ ip: Subject, ports: Ports, force_reason: ForceReason }),
  example: { body: { ip: '192.0.2.7' } },
  response: Type.Object({ status: Type.Literal('removed'), ip: Type.String(), warning: Warning }),
  errors: ['bad_request', 'conflict', 'internal'],
  audit: { action: 'remove_allow', target: 'ip', details: ['force_reason', 'ports'] },
  handler: async ({ deps: { allows }, body, context: { principal, peer } }) => {
    const network = parseCidr(body.ip.trim());
    if (!network.ok) return refuse('bad_request', network.public);
    const { force_reason: reason } = body;
    const forced = reason === undefined ? {} : { forcedBecause: reason };
    const ports = body.ports === undefined ? {} : { ports: distinctPorts(body.ports) };
    const by = { actor: principal.name, origin: originOf(principal), peer, ...forced, ...ports };
    const removed = await allows.disallow(network.value, by);
    if (!removed.ok)
      return refuse(removed.code === 'would_cut' ? 'conflict' : 'internal', removed.public, removed.cause);
    return { ok: true, value: { status: 'removed' as const, ip: subjectOf(network.value), ...removed.value } };
  },
});
