import { markdownTable } from '../base/markdown.ts';
import type { Catalogue } from './catalogue.ts';
import { EVENT_FIELDS } from './event-fields.ts';
import { GRAMMAR } from './grammar.ts';
import { DECISION_FIELDS, FINDING_FIELDS } from './record-fields.ts';
import { DEFAULT_LIMIT, MAX_LIMIT } from './tree.ts';

/** `docs/search.md`, made from the catalogues. */
export const searchDocument = (): string =>
  `${[HEAD, fieldTable(EVENT_FIELDS), RECORDS, fieldTable(FINDING_FIELDS), '## Fields of decisions', fieldTable(DECISION_FIELDS)].join('\n\n')}\n`;

const fieldTable = <R>({ fields }: Catalogue<R>): string =>
  markdownTable(
    ['field', 'ECS name', 'kind', 'what it is'],
    fields.map(({ name, ecs, kind, about, isFreeText }) => [
      `\`${name}\``,
      ecs === undefined ? '' : `\`${ecs}\``,
      kind,
      `${about}${isFreeText === true ? '; words are looked for here' : ''}`,
    ]),
  );

const HEAD = `# Searching

<!-- Made from core/query; do not edit. -->

Every line that is read is kept, whether or not it gave an event, and can be searched until retention drops it:

    bartizan search '"Failed password" ip in 203.0.113.0/24 | since 7d | limit 20'
    bartizan search 'user = root and not ip in (10.0.0.0/8, 192.168.0.0/16) | since 2026-11-01 | until 2026-11-08'
    bartizan search 'outcome = failure | since 1d | count by ip per 1h top 20'

The console has a search of its own. For programs there is \`GET /api/v1/events/search?q=QUERY\` (scope admin), with \`since\`, \`until\`,
\`limit\` (at most 1000) and \`after\` as parameters too: its answer is what was found \`within\` so many seconds (5 unless given, 25 at most). Where
\`complete\` is false the time was up first; \`next_after\` goes on from there, and \`searched\` says how far it is. A client that goes away ends its
search. Findings are searched by \`GET /api/v1/history?query=QUERY\` and \`bartizan history --query QUERY\`, with conditions alone: no clauses,
and no \`matches\`.

## The query

${GRAMMAR.replace(/^/gm, '    ')}

- **Text** is looked for in messages as \`grep -iwF\` would: literally, whatever the case of ASCII letters, and only where it
  begins and ends where words do. \`root\` is not found in \`chroot\`; \`message contains root\` finds it there, but reads more.
- **A value** is a word without blanks and signs, or stands in double quotes as JSON writes strings. Keywords are lower
  case; to look for one, quote it.
- **A test** holds only of a line that has the field, \`!=\` too; \`not\` holds wherever its part does not. \`cased\` minds case.
- \`like\` takes \`*\` for any characters and \`?\` for one, \`\\\` before a character takes it literally; the whole value must match.
  \`matches\` takes a regular expression in RE2 syntax (no back-references, no look-around), which may match anywhere. It is matched in
  time linear in the text, and reads every line that the other tests leave: put one beside it that the blooms know, or a time.
- \`in\` takes addresses and networks for an address.
- **A time** is \`now\`, a length of time ago (\`90m\`, \`7d\`), \`2026-11-20\`, \`2026-11-20T10:00\` or RFC 3339; without a zone it is
  UTC. \`since\` includes its moment, \`until\` does not.
- ${DEFAULT_LIMIT} lines are shown unless \`limit\` says otherwise, at most ${MAX_LIMIT}. What \`after\` takes to go on is told at the end of a page;
  new lines and dropped ones do not move it.
- \`count\` counts instead of listing. Time buckets begin at multiples of their length since 1970.

Addresses, users, hosts, programs, actions, paths and the words of messages are in blooms: blocks of lines without them are
passed over unread. A line that gave no event has the time that its source's header says, else that of the event before it.

## Fields of events

A declared parser's own groups are \`fields.NAME\`.`;

const RECORDS = '## Fields of findings';
