import { type Static, Type } from 'typebox';
import { goDuration, type Millis, millis, rfc3339 } from '../../base/time.ts';
import type { FirewallEvent } from '../../respond/firewall-event.ts';
import { endpoint } from '../deps.ts';
import { readCount } from './read-count.ts';
import { ago, BLOCK_SOURCES } from './wire.ts';

const STANDARD_LIMIT = 100;
/** Events looked at, which are all that are kept. */
const MOST = 10_000;

const Query = Type.Object({
  limit: Type.Optional(Type.String({ description: `Rows: ${STANDARD_LIMIT} unless given, at most ${MOST}` })),
  search: Type.Optional(Type.String({ maxLength: 256, description: 'Part of address or reason' })),
  action: Type.Optional(Type.String({ maxLength: 64 })),
  source: Type.Optional(Type.String({ maxLength: 64 })),
});

const Row = Type.Object({
  timestamp: Type.String({ description: 'YYYY-MM-DD hh:mm:ss, UTC' }),
  action: Type.String({
    description:
      'block | unblock | block_subnet | unblock_subnet | block_expired | block_refused | allow | remove_allow | temp_allow_expired',
  }),
  ip: Type.String({ description: 'Address or network' }),
  reason: Type.String(),
  source: Type.String({ description: 'auto_response | web_ui | cli | unknown' }),
  duration: Type.String({ description: 'e.g. 24h0m0s; empty when permanent, and for what ended' }),
  time_ago: Type.String(),
});

export const firewallAudit = endpoint({
  name: 'firewallAudit',
  method: 'GET',
  path: '/api/v1/firewall/audit',
  scope: 'admin',
  summary: 'What was done to the firewall, newest first',
  query: Query,
  example: { query: { limit: '100' } },
  response: Type.Array(Row),
  errors: [],
  handler: async ({ deps: { firewallTrail, clock }, query }) => {
    const limit = readCount(query.limit, STANDARD_LIMIT, MOST) || STANDARD_LIMIT;
    const isNarrowed = Boolean(query.search || query.action || query.source);
    const events = await firewallTrail.newest(isNarrowed ? MOST : limit);
    const rows = events.map((event) => rowOf(event, clock.now())).filter((row) => isWanted(row, query));
    return { ok: true, value: rows.slice(0, limit) };
  },
});

const rowOf = ({ at, action, subject, reason, origin, expiresAt = 'never' }: FirewallEvent, now: Millis) => ({
  timestamp: rfc3339(at).slice(0, 'YYYY-MM-DDThh:mm:ss'.length).replace('T', ' '),
  action,
  ip: subject,
  reason,
  source: BLOCK_SOURCES[origin],
  duration: expiresAt === 'never' ? '' : goDuration(wholeSeconds(expiresAt - at)),
  time_ago: ago(at, now),
});

/** An order's length is read a moment before it is carried out. */
const wholeSeconds = (length: number): Millis => millis(Math.max(0, Math.round(length / 1000) * 1000));

function isWanted(row: Static<typeof Row>, { search = '', action = '', source = '' }: Static<typeof Query>): boolean {
  const sought = search.toLowerCase();
  return (
    (action === '' || row.action === action) &&
    (source === '' || row.source === source) &&
    (row.ip.includes(sought) || row.reason.toLowerCase().includes(sought))
  );
}
