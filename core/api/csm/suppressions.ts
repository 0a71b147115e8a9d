import { type Static, Type } from 'typebox';
import { rfc3339 } from '../../base/time.ts';
import type { Suppression } from '../../incident/suppression.ts';
import { type ApiDeps, endpoint } from '../deps.ts';
import type { SuppressRefusal } from '../dispositions.ts';
import { refuse } from '../endpoint.ts';
import type { ErrorCode } from '../problem.ts';

const PATH = '/api/v1/suppressions';
const EXAMPLE_ID = '0a1b2c3d4e5f6071';

const REFUSALS: Readonly<Record<SuppressRefusal, ErrorCode>> = {
  bad_pattern: 'bad_request',
  full: 'conflict',
  failed: 'internal',
};

const Id = Type.String({ minLength: 1, maxLength: 64, description: 'Of the rule, as the list shows it' });

export const suppressions = endpoint({
  name: 'suppressions',
  method: 'GET',
  path: PATH,
  scope: 'admin',
  summary: 'Rules that keep findings out of view and without consequence, oldest first',
  response: Type.Array(
    Type.Object({
      id: Type.String(),
      check: Type.String(),
      path_pattern: Type.Optional(Type.String()),
      reason: Type.String(),
      created_at: Type.String({ description: 'RFC 3339' }),
      actor: Type.String({ description: 'Who made it' }),
    }),
  ),
  errors: [],
  handler: async ({ deps }) => ({ ok: true, value: deps.dispositions.suppressions().map(rowOf) }),
});

const rowOf = ({ id, check, pathPattern, reason, at, actor }: Suppression) => ({
  id,
  check,
  ...(pathPattern === undefined ? {} : { path_pattern: pathPattern }),
  reason,
  created_at: rfc3339(at),
  actor,
});

const having = (name: string) => ({ required: [name], properties: { [name]: {} } });

/** CSM documents "add or delete" under POST and deletes by DELETE: both forms are taken. */
const Change = Type.Object(
  {
    check: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'To add: exact name of a check' })),
    path_pattern: Type.Optional(
      Type.String({
        maxLength: 1024,
        description: 'Only findings about such paths, e.g. /home/*/tmp/*; * stays within a name',
      }),
    ),
    reason: Type.Optional(Type.String({ maxLength: 512 })),
    id: Type.Optional(Id),
  },
  { anyOf: [having('check'), having('id')] },
);

export const changeSuppressions = endpoint({
  name: 'changeSuppressions',
  method: 'POST',
  path: PATH,
  scope: 'admin',
  summary: 'Add a rule, or delete the one whose id is given',
  body: Change,
  example: { body: { check: 'ssh_bruteforce', path_pattern: '/home/*/tmp/*', reason: 'known scanner' } },
  response: Type.Object({ status: Type.Enum(['created', 'deleted']), id: Type.String() }),
  errors: ['bad_request', 'conflict', 'internal'],
  audit: { action: 'change_suppressions', target: 'id', details: ['check', 'path_pattern', 'reason'] },
  handler: async ({ deps, body, context }) => {
    if (body.id !== undefined) return remove(deps, body);
    return add(deps, body, context.principal.name);
  },
});

async function add({ dispositions }: ApiDeps, body: Static<typeof Change>, actor: string) {
  const { check = '', path_pattern: pattern = '', reason = '' } = body;
  const added = await dispositions.suppress({
    check,
    ...(pattern === '' ? {} : { pathPattern: pattern }),
    reason,
    actor,
  });
  return added.ok
    ? { ok: true as const, value: { status: 'created' as const, id: added.value.id } }
    : refuse(REFUSALS[added.code], added.public, added.cause);
}

async function remove({ dispositions }: ApiDeps, { id = '', ...others }: Static<typeof Change>) {
  if (Object.keys(others).length > 0) return refuse('bad_request', 'give either check, to add, or id alone, to delete');
  const removed = await dispositions.unsuppress(id);
  return removed.ok
    ? { ok: true as const, value: { status: 'deleted' as const, id } }
    : refuse('internal', removed.public, removed.cause);
}

export const deleteSuppression = endpoint({
  name: 'deleteSuppression',
  method: 'DELETE',
  path: PATH,
  scope: 'admin',
  summary: 'Delete a rule; one that is not there is no error',
  body: Type.Object({ id: Id }),
  example: { body: { id: EXAMPLE_ID } },
  response: Type.Object({ status: Type.Literal('deleted') }),
  errors: ['internal'],
  audit: { action: 'delete_suppression', target: 'id' },
  handler: async ({ deps, body }) => {
    const removed = await deps.dispositions.unsuppress(body.id);
    return removed.ok
      ? { ok: true, value: { status: 'deleted' as const } }
      : refuse('internal', removed.public, removed.cause);
  },
});
