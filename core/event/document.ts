import { markdownTable } from '../base/markdown.ts';
import { ACTION_LIST_NAMES, ACTION_LISTS } from './action-lists.ts';
import { MESSAGE_READERS, PARSER_NAMES, PARSERS, type ParserInfo } from './parsers.ts';
import { PAM } from './programs/pam.ts';
import type { MessageReader } from './reader.ts';
import type { SenderRule } from './sender.ts';
import { APACHE_ERROR } from './web/apache-error.ts';
import { NGINX_ERROR } from './web/nginx-error.ts';

/** What became of the lines of a real log. */
export interface Recall {
  readonly log: string;
  readonly parser: string;
  /** Lines by action, `+ip` behind those that name a source. */
  readonly events: Readonly<Record<string, number>>;
  /** Lines by the reason why they gave no event. */
  readonly unparsed: Readonly<Record<string, number>>;
}

/** `docs/parsers.md`, made from the declarations and from what was measured. */
export function parsersDocument(recalls: readonly Recall[]): string {
  const lists = ACTION_LIST_NAMES.map((name) => [`### ${ACTION_LISTS[name].title}`, actionTable(name)]);
  return `${[HEAD, parserTable(), SENDERS, senderTable(), ACTIONS, ...lists.flat(), RECALL, ...recallParts(recalls)].join('\n\n')}\n`;
}

const HEAD = `# Parsers

<!-- Made from core/event; do not edit. -->

A parser turns a line into an event, or says why it does not: every line is an event or counted under a reason. Whatever a
client writes into a user name, a path, a greeting or an agent, the source address is its true one or absent. What a client
can do is to make its own line ambiguous, at the price of a name or path that is of no use to it; the address is left out
then.

Parsers of your own, and access logs in other formats, are declared in the configuration (\`parsers:\`). A file or a listener
names the one that reads it. In the journal, and where the parser is \`syslog\`, what no built-in parser can read is left to
those that name the program, or in the journal the unit.`;

const parserTable = (): string =>
  markdownTable(
    ['parser', 'reads', 'says'],
    PARSER_NAMES.map((name) => {
      const { description, says }: ParserInfo = PARSERS[name];
      const titles =
        says.length === ACTION_LIST_NAMES.length ? 'all' : says.map((list) => ACTION_LISTS[list].title).join(', ');
      return [`\`${name}\``, description, titles];
    }),
  );

const SENDERS = `## Who may say it

The tag of a message is its sender's own word; \`logger -t sshd\` writes any. The journal knows better: it notes the user id,
executable and unit of every sender. An event that came through the journal keeps the provenance \`journal\` only when they
fit the program it claims to be from; otherwise it is \`spoofable\`. What the kernel said is \`kernel\`. A file, and syslog's
own text, is as trustworthy as those who may write to it: any local user can place a line of any form into the files of a
syslog daemon. Where the journal has the same messages, follow the journal.

- **root**: the sender is root, runs this executable and, where its unit is known, one of these units.
- **unit**: the sender runs this executable within one of these units, whatever its account.
- **setuid**: the sender runs this executable, which is setuid root, so that account and session are the caller's. A user can
  show another file under the same path in a mount namespace of his own, so an event with a source address stays spoofable.
- **namesake**: root runs a system program of the same name as the tag.
- **kernel**: the kernel's ring buffer.

A process that ends right after its message may be gone before the journal can look; such a message is \`spoofable\` too.
Programs under /usr/local or /opt are not on these lists.`;

const senderTable = (): string =>
  markdownTable(
    ['parser', 'tags', 'senders'],
    [...MESSAGE_READERS, PAM, NGINX_ERROR, APACHE_ERROR].map(({ name, programs, senders }: MessageReader) => [
      `\`${name}\``,
      programs.map((tag) => `\`${tag}\``).join(', '),
      senders.map(senderText).join('; '),
    ]),
  );

function senderText(rule: SenderRule): string {
  const paths = 'exes' in rule && rule.exes !== undefined ? ` ${code(rule.exes)}` : '';
  const units = 'units' in rule && !rule.units.includes('*') ? ` in ${code(rule.units)}` : '';
  return `${rule.who}:${paths}${units}`.replace(/:$/, '');
}

const code = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ');

const ACTIONS = `## Actions

What an event's \`action\` can be, with its category and outcome. The words of declared parsers are the operator's own.`;

const actionTable = (name: (typeof ACTION_LIST_NAMES)[number]): string =>
  markdownTable(
    ['action', 'category', 'outcome', 'messages'],
    Object.entries(ACTION_LISTS[name].actions).map(([action, { category, outcome, description }]) => [
      `\`${action}\``,
      category,
      outcome,
      description,
    ]),
  );

const RECALL = `## Recall on real logs

Of logs that machines on the Internet wrote, 2,000 lines each (Loghub: an OpenSSH server of 2016, a Linux host of 2005, a web
server of 2005). Every line is an event or counted; \`+ip\` names a source.`;

function recallParts(recalls: readonly Recall[]): readonly string[] {
  const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0);
  const list = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([what, count]) => `${what} ${count}`)
      .join(', ');
  const summary = recalls.map(({ log, parser, events, unparsed }) => [
    log,
    `\`${parser}\``,
    `${sum(events) + sum(unparsed)}`,
    `${sum(events)}`,
    list(unparsed) || 'none',
  ]);
  const details = recalls.flatMap(({ log, events }) =>
    Object.entries(events).map(([what, count]) => [log, what, `${count}`]),
  );
  return [
    markdownTable(['log', 'parser', 'lines', 'events', 'unparsed'], summary),
    markdownTable(['log', 'events', 'lines'], details),
  ];
}
