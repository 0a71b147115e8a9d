import { Type } from 'typebox';
import { rfc3339 } from '../../base/time.ts';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';
import { LIST_ORIGINS, LIST_STATES, type ListStatus } from '../lists.ts';

const Count = Type.Integer({ minimum: 0 });
const Family = Type.Object({ addresses: Count, networks: Count });
const Entries = Type.Object({ ipv4: Family, ipv6: Family });

export const ListRow = Type.Object({
  name: Type.String(),
  kind: Type.Enum(['block', 'allow']),
  mode: Type.Enum(['enforce', 'count'], { description: 'count: packets are counted and go on' }),
  origin: Type.Enum([...LIST_ORIGINS], { description: 'fleet: the controller decides about it, the settings do not' }),
  source: Type.String({
    description: 'A path, a URL, country:XX, or of the fleet the name that the controller knows it by',
  }),
  state: Type.Enum([...LIST_STATES], {
    description:
      'never_loaded: nothing of it is in force. stale: the last look failed; refused: what was found is no list or breaks a limit; held: news wait for a word. In these three the last good generation is in force',
  }),
  in_kernel: Type.Boolean({ description: 'Whether the kernel goes by the generation in force' }),
  entries: Entries,
  generation: Type.Integer({ minimum: 0, description: 'Counts up with each one taken; 0 before the first' }),
  fetched_at: Type.Optional(Type.String({ description: 'RFC 3339; when the generation in force was read' })),
  checked_at: Type.Optional(Type.String({ description: 'RFC 3339; when its source was last looked at with success' })),
  next_refresh: Type.Optional(Type.String({ description: 'RFC 3339' })),
  last_error: Type.Optional(Type.String()),
  held: Type.Optional(Type.Object({ why: Type.String(), since: Type.String(), entries: Entries })),
  left_out: Type.Object(
    {
      unreadable: Count,
      too_wide: Count,
      protected: Type.Integer({ minimum: 0, description: 'Loopback, private, own or infra; left out or cut around' }),
    },
    { description: 'Of the generation in force' },
  ),
  packets: Type.Integer({
    minimum: 0,
    description: 'Dropped or let in because of it, or in mode count that would have been; since its rules were made',
  }),
  bytes: Count,
});

const Named = Type.Object({ name: Type.String({ maxLength: 32 }) });

export const firewallLists = endpoint({
  name: 'firewallLists',
  method: 'GET',
  path: '/api/v1/firewall/lists',
  scope: 'read',
  summary: 'Bulk block and allow lists: what of each is in force, since when, and what became of the last look',
  response: Type.Object({ lists: Type.Array(ListRow) }),
  errors: [],
  handler: async ({ deps: { lists } }) => ({ ok: true, value: { lists: (await lists.list()).map(rowOf) } }),
});

export const refreshList = endpoint({
  name: 'refreshList',
  method: 'POST',
  path: '/api/v1/firewall/lists/refresh',
  scope: 'admin',
  summary: 'Look at a list’s source now; answers when what came of it is in force',
  body: Named,
  example: { body: { name: 'drop' } },
  response: ListRow,
  errors: ['not_found', 'unavailable'],
  audit: { action: 'refresh_list', target: 'name' },
  handler: async ({ deps: { lists }, body }) => {
    const done = await lists.refresh(body.name);
    if (done.ok) return { ok: true, value: rowOf(done.value) };
    return refuse(done.code === 'not_found' ? 'not_found' : 'unavailable', done.public, done.cause);
  },
});

export const acceptList = endpoint({
  name: 'acceptList',
  method: 'POST',
  path: '/api/v1/firewall/lists/accept',
  scope: 'admin',
  summary: 'Put in force the news of a list that were held back because they differ too much',
  body: Named,
  example: { body: { name: 'drop' } },
  response: ListRow,
  errors: ['not_found', 'conflict', 'unavailable'],
  audit: { action: 'accept_list', target: 'name' },
  handler: async ({ deps: { lists }, body }) => {
    const done = await lists.accept(body.name);
    if (done.ok) return { ok: true, value: rowOf(done.value) };
    return refuse(done.code === 'failed' ? 'unavailable' : done.code, done.public, done.cause);
  },
});

const entriesOf = ({ 4: ipv4, 6: ipv6 }: ListStatus['entries']) => ({ ipv4, ipv6 });

function rowOf(list: ListStatus) {
  const { name, kind, mode, origin, source, state, inKernel, generation, packets, bytes, held } = list;
  const { fetchedAt, checkedAt, nextRefresh, lastError } = list;
  return {
    ...{ name, kind, mode, origin, source, state, in_kernel: inKernel },
    entries: entriesOf(list.entries),
    generation,
    ...(fetchedAt === undefined ? {} : { fetched_at: rfc3339(fetchedAt) }),
    ...(checkedAt === undefined ? {} : { checked_at: rfc3339(checkedAt) }),
    ...(nextRefresh === undefined ? {} : { next_refresh: rfc3339(nextRefresh) }),
    ...(lastError === undefined ? {} : { last_error: lastError }),
    ...(held === undefined
      ? {}
      : { held: { why: held.why, since: rfc3339(held.at), entries: entriesOf(held.entries) } }),
    left_out: { unreadable: list.bad, too_wide: list.wide, protected: list.protected },
    packets,
    bytes,
  };
}
