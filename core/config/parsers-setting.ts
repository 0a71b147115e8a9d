import { Type } from 'typebox';
import {
  type DeclarationProblem,
  declarationProblems,
  KNOWN_GROUPS,
  type ParserDeclaration,
} from '../event/declared/declaration.ts';
import type { Category, EventOutcome } from '../event/event.ts';
import { TIME_FORMATS } from '../event/time-format.ts';
import { checkedText, setting } from './setting.ts';
import type { Tree } from './tree.ts';

const CATEGORIES = [
  'authentication',
  'session',
  'network',
  'process',
  'web',
  'email',
  'other',
] as const satisfies readonly Category[];
const OUTCOMES = ['success', 'failure', 'unknown'] as const satisfies readonly EventOutcome[];

const TAG = {
  pattern: '^(?:\\*|[!-~]{1,128})$',
  expects: 'a syslog tag of up to 128 characters without blanks, or "*"',
};
const UNIT = { pattern: '^[!-.0-~]{1,256}$', expects: 'the name of a systemd unit; one "*" stands for anything' };

const message = Type.Object({
  regex: checkedText('regex', {
    description: `What is looked for in the message, in RE2 syntax: no look-around, no back-references. Named groups (?P<name>…) become fields of the event: ${KNOWN_GROUPS.join(', ')}; any other name goes to \`fields\`.`,
    maxLength: 4096,
  }),
  ignore_case: Type.Boolean({ description: 'Letters match whatever their case.', default: false }),
  action: Type.String({
    description:
      'What happened, in one word. A word of a built-in parser (see docs/parsers.md) makes its detectors count the event too.',
    pattern: '^[a-z][a-z0-9_]{0,63}$',
    expects: '1 to 64 lower-case letters, digits or "_", beginning with a letter',
  }),
  category: Type.Enum([...CATEGORIES], { description: 'The kind of event.', default: 'other' }),
  outcome: Type.Enum([...OUTCOMES], { description: 'How it ended.', default: 'unknown' }),
});

/** The setting `parsers`: parsers that an operator declares. */
export const PARSERS_SETTING = setting(
  Type.Array(
    Type.Object(
      {
        name: Type.String({
          description: 'What `parser:` calls it. No name of a built-in parser.',
          pattern: '^[a-z][a-z0-9_-]{0,63}$',
          expects: '1 to 64 lower-case letters, digits, "_" or "-", beginning with a letter',
        }),
        programs: Type.Optional(
          Type.Array(Type.String({ description: 'A syslog tag.', ...TAG }), {
            description:
              'Lines have a syslog header and come from one of these tags; "*" is any. Without it the line has no header, and every pattern must read the time.',
            maxItems: 100,
          }),
        ),
        units: Type.Optional(
          Type.Array(Type.String({ description: 'A systemd unit.', ...UNIT }), {
            description:
              'Who may say this to the journal. What another unit says is spoofable. Without this key it reads nothing of the journal.',
            maxItems: 100,
          }),
        ),
        executables: Type.Optional(
          Type.Array(checkedText('path', { description: 'An executable.' }), {
            description: 'What within these units may say it; without this key whatever runs there.',
            maxItems: 100,
          }),
        ),
        time_format: Type.Optional(
          checkedText('time_format', {
            description: `How the group \`time\` is written: ${Object.keys(TIME_FORMATS).join(', ')}, or a pattern such as "%Y-%m-%d %H:%M:%S". iso8601 if not given.`,
            maxLength: 200,
          }),
        ),
        messages: Type.Optional(
          Type.Array(message, { description: 'Tried in this order; the first that matches counts.', maxItems: 100 }),
        ),
        nginx_log_format: Type.Optional(
          checkedText('nginx_log_format', {
            description: "An access log, as nginx's log_format has it behind the name: escape=json is understood.",
            maxLength: 4096,
          }),
        ),
        apache_log_format: Type.Optional(
          checkedText('apache_log_format', {
            description: "An access log, as Apache's LogFormat has it between the quotes.",
            maxLength: 4096,
          }),
        ),
      },
      { exactlyOne: ['messages', 'nginx_log_format', 'apache_log_format'], rule: 'declared-parser' },
    ),
    {
      description:
        'Parsers of your own, for watchers to use by name: patterns for messages, or the format of an access log. They match in time linear in the line; of a line over 16 KiB nothing is tried.',
      default: [],
      maxItems: 200,
      uniqueBy: 'name',
      examples: [
        [
          {
            name: 'shop',
            programs: ['shop'],
            units: ['shop.service'],
            messages: [
              {
                regex: '^login of (?P<user>\\S+) from (?P<source_ip>\\S+) failed$',
                action: 'shop_login_failed',
                category: 'authentication',
                outcome: 'failure',
              },
            ],
          },
          {
            name: 'shop-access',
            nginx_log_format: '$remote_addr [$time_local] "$request" $status "$http_user_agent"',
          },
        ],
      ],
    },
  ),
  { applies: 'restart', page: { title: 'Log parsers of your own', group: 'Detection' } },
);

/** What is wrong with a declaration whose parts are right each for itself. */
export const wrongDeclaration = (value: unknown, builtIn: readonly string[]): readonly DeclarationProblem[] => {
  const declaration = value as ParserDeclaration;
  const taken = builtIn.includes(declaration.name)
    ? [{ path: 'name', message: `"${declaration.name}" is a built-in parser` }]
    : [];
  return [...taken, ...declarationProblems(declaration)];
};

/** Names that a config declares, right or wrong: what `parser:` may say beside the built-in ones. */
export function declaredParserNames(root: Tree): readonly string[] {
  const parsers = root.kind === 'map' ? root.entries.find(({ key }) => key === 'parsers')?.value : undefined;
  if (parsers?.kind !== 'list') return [];
  return parsers.items.flatMap((item) => {
    const name = item.kind === 'map' ? item.entries.find(({ key }) => key === 'name')?.value : undefined;
    return name?.kind === 'scalar' && typeof name.value === 'string' ? [name.value] : [];
  });
}
