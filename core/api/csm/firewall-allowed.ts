import { Type } from 'typebox';
import { type Millis, rfc3339 } from '../../base/time.ts';
import { type Allow, allowKey } from '../../respond/allow.ts';
import { endpoint } from '../deps.ts';
import { BLOCK_SOURCES, expiresIn } from './wire.ts';

export const AllowedList = Type.Object({
  allowed: Type.Array(
    Type.Object({
      ip: Type.String({ description: 'An address, or a network in CIDR form' }),
      reason: Type.String(),
      source: Type.String({ description: 'web_ui | cli' }),
      expires_at: Type.Optional(Type.String({ description: 'RFC 3339; absent when permanent' })),
      expires_in: Type.String({ description: 'e.g. 23h59m, or permanent' }),
    }),
  ),
  port_allowed: Type.Array(
    Type.Object({
      ip: Type.String(),
      port: Type.Integer(),
      proto: Type.String({ description: 'tcp | udp' }),
      reason: Type.String(),
      source: Type.String({ description: 'web_ui | cli' }),
      expires_at: Type.Optional(Type.String({ description: 'Own: RFC 3339; absent when permanent' })),
      expires_in: Type.String({ description: 'Own: e.g. 23h59m, or permanent' }),
    }),
  ),
});

export const firewallAllowed = endpoint({
  name: 'firewallAllowed',
  method: 'GET',
  path: '/api/v1/firewall/allowed',
  scope: 'admin',
  summary: 'Addresses and networks that are always let in, sorted',
  response: AllowedList,
  errors: [],
  handler: async ({ deps: { allows, clock } }) => {
    const now = clock.now();
    const sorted = [...allows.list()].sort((a, b) => (a.subject < b.subject ? -1 : 1));
    const ports = [...allows.ports()].sort((a, b) => (allowKey(a) < allowKey(b) ? -1 : 1));
    const port_allowed = ports.map(({ port: { port, protocol }, ...allow }) => ({
      ...rowOf(allow, now),
      port,
      proto: protocol,
    }));
    return { ok: true, value: { allowed: sorted.map((allow) => rowOf(allow, now)), port_allowed } };
  },
});

const rowOf = ({ subject, reason, origin, expiresAt }: Allow, now: Millis) => ({
  ip: subject,
  reason,
  source: BLOCK_SOURCES[origin],
  ...(expiresAt === 'never' ? {} : { expires_at: rfc3339(expiresAt) }),
  expires_in: expiresIn(expiresAt, now),
});
