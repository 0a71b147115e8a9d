import { type Static, Type } from 'typebox';
import { rfc3339 } from '../../base/time.ts';
import type { Preview } from '../../change/preview.ts';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';

const By = Type.String({
  description:
    'infra | allowed | blocked | denied | restricted | closed | nothing: the rule that decides; restricted and closed are of new connections to a port',
});
const Unknown = Type.Optional(Type.String({ description: 'Why it could not be found out' }));
const More = Type.Boolean({ description: 'There are more than are named here, or than could be looked at in time' });

const PreviewReply = Type.Object({
  settings: Type.Array(
    Type.Object({
      path: Type.String(),
      before: Type.Optional(Type.Unknown({ description: 'Secrets replaced; absent when it is not given' })),
      after: Type.Optional(Type.Unknown()),
      applies: Type.String({ description: 'live | restart' }),
    }),
  ),
  rules: Type.Object({
    diff: Type.Array(Type.String(), { description: 'Lines as `diff -U3` writes them; none: the rules stay' }),
    unknown: Unknown,
  }),
  sources: Type.Object({
    from: Type.String({ description: 'RFC 3339' }),
    until: Type.String({ description: 'RFC 3339' }),
    seen: Type.Integer({ minimum: 0 }),
    cut: Type.Array(Type.Object({ ip: Type.String(), events: Type.Integer(), by: By })),
    more: More,
    unknown: Unknown,
  }),
  sessions: Type.Object({
    seen: Type.Integer({ minimum: 0 }),
    cut: Type.Array(
      Type.Object({
        ip: Type.String(),
        port: Type.Integer(),
        local_port: Type.Integer(),
        yours: Type.Boolean({ description: 'From the address that asks' }),
        by: By,
      }),
    ),
    cuts_you: Type.Boolean(),
    more: More,
    unknown: Unknown,
  }),
  you: Type.Optional(Type.Object({ ip: Type.String(), cut: Type.Boolean(), by: By })),
});

export const previewChange = endpoint({
  name: 'previewChange',
  method: 'POST',
  path: '/api/v1/changes/preview',
  scope: 'admin',
  summary: 'What a change of settings would do, and whom it would cut off; nothing is changed',
  body: Type.Object({
    section: Type.String({ maxLength: 64, description: 'As in /api/v1/settings' }),
    changes: Type.Record(Type.String(), Type.Unknown(), { description: 'Values by their key in the section' }),
  }),
  example: { body: { section: 'firewall', changes: { max_blocks: 100_000 } } },
  response: PreviewReply,
  heavy: true,
  errors: ['not_found', 'invalid', 'internal'],
  audit: { action: 'preview_change', target: 'section' },
  handler: async ({ deps, body, context: { peer, signal } }) => {
    const seen = await deps.previews.preview({ ...body, peer, signal });
    if (seen.ok) return { ok: true, value: previewReply(seen.value) };
    if (seen.code === 'invalid') return { ...refuse('invalid', seen.public), fields: seen.problems };
    return refuse(seen.code === 'unknown_section' ? 'not_found' : 'internal', seen.public, seen.cause);
  },
});

const previewReply = ({ settings, rules, sources, sessions, you }: Preview): Static<typeof PreviewReply> => ({
  settings: settings.map((one) => ({ ...one })),
  rules: { diff: [...rules.lines], ...why(rules) },
  sources: {
    from: rfc3339(sources.from),
    until: rfc3339(sources.until),
    seen: sources.seen,
    cut: sources.cut.map((one) => ({ ...one })),
    more: sources.more,
    ...why(sources),
  },
  sessions: {
    seen: sessions.seen,
    cut: sessions.cut.map(({ localPort, ...one }) => ({ ...one, local_port: localPort })),
    cuts_you: sessions.cutsYou,
    more: sessions.more,
    ...why(sessions),
  },
  ...(you === undefined ? {} : { you: { ...you } }),
});

const why = ({ unknown }: { readonly unknown?: string }) => (unknown === undefined ? {} : { unknown });
