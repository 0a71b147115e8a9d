import { Type } from 'typebox';
import { isId } from '../../base/ids.ts';
import { rfc3339 } from '../../base/time.ts';
import type { ChangeId } from '../../change/change.ts';
import type { Changes, EndFailure } from '../../change/changes.ts';
import { connectionOf, OVER_NEW_CONNECTION, wordOf } from '../csm/settings-wire.ts';
import { endpoint } from '../deps.ts';
import { type Refusal, refuse } from '../endpoint.ts';
import { pageParameters, readPage } from '../paging.ts';
import { OWN_PAGING } from '../surface.ts';
import { ChangeDetail, ChangeRow, changeDetail, changeRow, pendingRow, TrialRow } from './changes-wire.ts';

const ById = Type.Object({ id: Type.String({ maxLength: 64 }) });

export const listChanges = endpoint({
  name: 'changes',
  method: 'GET',
  path: '/api/v1/changes',
  scope: 'read',
  summary: 'Changes that went through a trial or were forced, newest first, a page at a time',
  query: Type.Object(pageParameters(OWN_PAGING)),
  response: Type.Object({
    changes: Type.Array(ChangeRow),
    next_before: Type.Optional(Type.String({ description: 'There while more may follow' })),
  }),
  errors: ['bad_request'],
  handler: async ({ deps, query }) => {
    const asked = readPage(OWN_PAGING, query);
    if (!asked.ok) return refuse('bad_request', asked.public);
    const { limit, cursor } = asked.value;
    if (cursor !== undefined && !isId(cursor)) return refuse('bad_request', '"before" is no id of a change');
    const page = await deps.changes.list(limit, cursor as ChangeId | undefined);
    const last = page.length < limit ? undefined : page.at(-1)?.id;
    return { ok: true, value: { changes: page.map(changeRow), ...(last === undefined ? {} : { next_before: last }) } };
  },
});

export const pendingChange = endpoint({
  name: 'pendingChange',
  method: 'GET',
  path: '/api/v1/changes/pending',
  scope: 'read',
  summary: 'What is on trial now, by whose word and until when',
  response: Type.Object({ pending: Type.Boolean(), change: Type.Optional(TrialRow) }),
  errors: [],
  handler: async ({ deps }) => {
    const pending = deps.changes.pending();
    return {
      ok: true,
      value: pending === undefined ? { pending: false } : { pending: true, change: pendingRow(pending) },
    };
  },
});

export const getChange = endpoint({
  name: 'change',
  method: 'GET',
  path: '/api/v1/changes/{id}',
  scope: 'read',
  summary: 'A change with its evidence and how it ended',
  query: ById,
  response: ChangeDetail,
  errors: ['not_found'],
  handler: async ({ deps: { changes }, query: { id } }) => {
    const change = isId(id) ? await changes.get(id as ChangeId) : undefined;
    return change === undefined ? UNKNOWN : { ok: true, value: changeDetail(change) };
  },
});

export const confirmChange = endpoint({
  name: 'confirmChange',
  method: 'POST',
  path: '/api/v1/changes/{id}/confirm',
  scope: 'admin',
  summary: 'Keep what is on trial; over a connection opened since it was applied, which shows that it lets you in',
  query: ById,
  response: ChangeDetail,
  errors: ['not_found', 'conflict', 'internal'],
  audit: { action: 'confirm_change', target: 'id', details: ['summary'] },
  handler: async ({ deps: { changes }, query: { id }, context }) => {
    if (!isId(id)) return UNKNOWN;
    const done = await changes.confirm({
      id: id as ChangeId,
      word: wordOf(context),
      connection: connectionOf(context),
    });
    return done.ok ? { ok: true, value: changeDetail(done.value) } : endRefusal(changes, id as ChangeId, done);
  },
});

export const revertChange = endpoint({
  name: 'revertChange',
  method: 'POST',
  path: '/api/v1/changes/{id}/revert',
  scope: 'admin',
  summary: 'Take back what is on trial',
  query: ById,
  response: ChangeDetail,
  errors: ['not_found', 'conflict', 'internal'],
  audit: { action: 'revert_change', target: 'id', details: ['summary'] },
  handler: async ({ deps: { changes }, query: { id }, context }) => {
    if (!isId(id)) return UNKNOWN;
    const done = await changes.revert({ id: id as ChangeId, word: wordOf(context) });
    return done.ok ? { ok: true, value: changeDetail(done.value) } : endRefusal(changes, id as ChangeId, done);
  },
});

const UNKNOWN = refuse('not_found', 'there is no such change');

/** Says what is on trial instead, by whose word and until when; or how the change ended. */
async function endRefusal(changes: Changes, id: ChangeId, failure: EndFailure): Promise<Refusal> {
  switch (failure.code) {
    case 'none':
    case 'other':
      return refuse('conflict', `${await standOf(changes, id)}${busyText(changes)}`);
    case 'old_connection':
      return { ...refuse('conflict', failure.public), headers: OVER_NEW_CONNECTION };
    case 'failed':
      return refuse('internal', failure.public, failure.cause);
  }
}

async function standOf(changes: Changes, id: ChangeId): Promise<string> {
  const { verdict } = (await changes.get(id)) ?? {};
  if (verdict === undefined) return 'that change is not on trial';
  return `that change was ${verdict.result} at ${rfc3339(verdict.at)}: ${verdict.why}`;
}

function busyText(changes: Changes): string {
  const pending = changes.pending();
  if (pending === undefined) return '; nothing is on trial';
  const { word, summary } = pending.change;
  const from = word.peer === 'local' ? '' : ` from ${word.peer}`;
  return `; ${word.actor}${from} has ${summary} on trial until ${rfc3339(pending.until)}`;
}
