import { type Static, Type } from 'typebox';
import { rfc3339 } from '../../base/time.ts';
import type { Change, Evidence, Verdict } from '../../change/change.ts';
import type { Pending } from '../../change/changes.ts';

const WordRow = Type.Object({
  actor: Type.String({ description: 'Name of the principal' }),
  origin: Type.String({ description: 'web_ui | api | cli | auto_response' }),
  peer: Type.String({ description: 'Address of the client, or local' }),
});

const CHANGE = {
  id: Type.String(),
  subject: Type.String({ description: 'Which kind of thing is changed, e.g. settings' }),
  summary: Type.String(),
  parts: Type.Array(Type.String(), { description: 'What is affected, e.g. dotted paths of settings' }),
  state: Type.String({
    description: 'applying | probing | awaiting | confirming | confirmed | reverting | reverted | stuck',
  }),
  by: WordRow,
  forced_because: Type.Optional(Type.String({ description: 'Why there was no trial' })),
  confirmed_by: Type.String({ description: 'word: a person ends the trial well; probes: its probes may as well' }),
  spans: Type.String({ description: 'nothing | restart | reboot: what of the run belongs to the trial' }),
  proposed_at: Type.String({ description: 'RFC 3339' }),
  applied_at: Type.String({ description: 'RFC 3339; empty before the new state was in place' }),
  trial_seconds: Type.Number({ description: 'How long the trial lasts from then on' }),
  before: Type.String({ description: 'sha256:HEX of what was' }),
  after: Type.String({ description: 'sha256:HEX of what was to be' }),
};

const VerdictRow = Type.Object({
  result: Type.String({ description: 'confirmed | reverted' }),
  by: Type.String({
    description: 'word | probes | deadline | apply_failed | probes_failed | reboot | failed_starts | crash | forced',
  }),
  word: Type.Optional(WordRow),
  why: Type.String(),
  at: Type.String({ description: 'RFC 3339' }),
  fresh_connection: Type.Optional(
    Type.Object({
      proved: Type.Boolean({ description: 'The confirmation came over a connection opened under the new state' }),
      why: Type.Optional(Type.String({ description: 'Why that is not known' })),
    }),
  ),
});

const EvidenceRow = Type.Object({
  probe: Type.String(),
  at: Type.String({ description: 'RFC 3339' }),
  result: Type.String({ description: 'passed | failed | unknown' }),
  detail: Type.String(),
  took_ms: Type.Number(),
});

/** A change without its evidence, as lists have it. */
export const ChangeRow = Type.Object({ ...CHANGE, verdict: Type.Optional(VerdictRow) });

export const ChangeDetail = Type.Object({
  ...CHANGE,
  verdict: Type.Optional(VerdictRow),
  evidence: Type.Array(EvidenceRow, { description: 'Oldest first' }),
});

export const TrialRow = Type.Object({
  ...CHANGE,
  evidence: Type.Array(EvidenceRow, { description: 'Oldest first' }),
  deadline: Type.String({ description: 'RFC 3339; it is taken back then unless it is confirmed' }),
  seconds_remaining: Type.Integer({ minimum: 0 }),
});

export const changeRow = (change: Change): Static<typeof ChangeRow> => ({
  ...common(change),
  ...(change.verdict === undefined ? {} : { verdict: verdictRow(change.verdict) }),
});

export const changeDetail = (change: Change): Static<typeof ChangeDetail> => ({
  ...changeRow(change),
  evidence: change.evidence.map(evidenceRow),
});

export const pendingRow = ({ change, left, until }: Pending): Static<typeof TrialRow> => ({
  ...common(change),
  evidence: change.evidence.map(evidenceRow),
  deadline: rfc3339(until),
  seconds_remaining: secondsOf(left),
});

/** Whole seconds, of which none is counted that is not wholly there. */
export const secondsOf = (left: number): number => Math.max(0, Math.floor(left / 1000));

const common = (change: Change) => ({
  id: change.id,
  subject: change.subject,
  summary: change.summary,
  parts: [...change.parts],
  state: change.state,
  by: { ...change.word },
  ...(change.forcedBecause === undefined ? {} : { forced_because: change.forcedBecause }),
  confirmed_by: change.confirmedBy,
  spans: change.spans,
  proposed_at: rfc3339(change.proposedAt),
  applied_at: change.appliedAt === undefined ? '' : rfc3339(change.appliedAt),
  trial_seconds: change.trial / 1000,
  before: change.before,
  after: change.after,
});

const verdictRow = ({ result, by, word, why, at, freshConnection }: Verdict): Static<typeof VerdictRow> => ({
  result,
  by,
  ...(word === undefined ? {} : { word: { ...word } }),
  why,
  at: rfc3339(at),
  ...(freshConnection === undefined ? {} : { fresh_connection: { ...freshConnection } }),
});

const evidenceRow = ({ probe, at, result, detail, took }: Evidence): Static<typeof EvidenceRow> => ({
  probe,
  at: rfc3339(at),
  result,
  detail,
  took_ms: took,
});
