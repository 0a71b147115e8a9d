import { markdownTable } from '../base/markdown.ts';
import { pairLines } from './render.ts';
import { isSection, type SchemaView, type Setting, view } from './setting.ts';
import { SETTINGS } from './settings.ts';
import { expected } from './words.ts';

/** `docs/configuration.md`, made from the declarations. */
export function configurationDocument(): string {
  const top = Object.entries(SETTINGS).filter(([, declared]) => !isSection(declared)) as [string, Setting][];
  const parts = [HEAD, ...table(top, false)];
  for (const [key, declared] of Object.entries(SETTINGS)) {
    if (isSection(declared))
      parts.push(
        `## ${key}`,
        `${declared.title}.`,
        ...table(Object.entries(declared.settings), declared.canCut === true),
      );
  }
  return `${parts.join('\n\n')}\n`;
}

const MODES = [
  ['observe', "the kernel is untouched, an operator's blocks are refused", '`firewall.enabled: false` (the default)'],
  [
    'dry_run',
    "an operator's blocks reach the kernel, automatic ones are only recorded",
    '`firewall.enabled: true` and `auto_response` with `enabled: false`, `dry_run: true` or `block_ips: false`',
  ],
  [
    'enforce',
    'findings block too',
    '`firewall.enabled: true`, `auto_response.enabled: true`, `dry_run: false`, `block_ips: true`',
  ],
];

const HEAD = `# Configuration

<!-- Made from core/config/settings.ts; do not edit. -->

One YAML file. Every key is optional. An unknown key, a wrong type or a value out of range refuses the start and names file,
line, key and what is allowed; \`bartizan config-check FILE\` does the same without starting. Bartizan itself changes only the
values it is told to change: comments, order and quoting stay.

**Applies** says when a change takes effect: _live_ when it is written through the console or API, or taken over from the file
with \`bartizan config-reload\`; _restart_ at the next start. _on trial_: a wrong value may shut an administrator out, so a change
is taken back unless it is confirmed in time (\`changes.trial\`), or was forced with a reason that the audit log keeps. _by
hand_: in the file only. Secrets are never shown, logged or returned.

## Modes

${markdownTable(['mode', 'what it does', 'settings'], MODES)}

\`--enforce\` and \`--observe\` override the mode for one run.

## Top level`;

function table(settings: readonly (readonly [string, Setting])[], canCut: boolean): readonly string[] {
  const rows = settings.map(([key, one]) => {
    const schema = view(one.schema);
    return [`\`${key}\``, typeText(schema), defaultText(one, schema), appliesText(one, canCut), description(schema)];
  });
  const lists = settings.flatMap(([key, one]) => listParts(key, view(one.schema)));
  return [markdownTable(['key', 'value', 'default', 'applies', 'meaning'], rows), ...lists];
}

/** The keys of a list's entries, of the lists within them, and an example. */
function listParts(key: string, { items, examples = [] }: SchemaView): readonly string[] {
  if (items?.properties === undefined) return [];
  const { properties, required = [] } = items;
  const rows = Object.entries(properties).map(([name, schema]) => {
    const preset =
      schema.default === undefined ? (required.includes(name) ? 'required' : 'none') : code(schema.default);
    return [`\`${name}\``, typeText(schema), preset, description(schema)];
  });
  const inner = Object.entries(properties).flatMap(([name, schema]) => listParts(name, schema));
  const parts = [`Each entry of \`${key}\`:`, markdownTable(['key', 'value', 'default', 'meaning'], rows), ...inner];
  if (examples[0] !== undefined) parts.push(['```yaml', ...pairLines(key, examples[0], 0), '```'].join('\n'));
  return parts;
}

function appliesText({ applies, byHand, harmless, page }: Setting, canCut: boolean): string {
  if (byHand !== undefined) return `${applies}, by hand`;
  return (canCut && harmless !== true) || page?.canCut === true ? `${applies}, on trial` : applies;
}

function typeText(schema: SchemaView): string {
  if (schema.type !== 'array') return expected(schema);
  return schema.items?.properties === undefined ? `list, each ${expected(schema.items ?? {})}` : 'list, see below';
}

const defaultText = ({ defaultFrom, onAppliance }: Setting, schema: SchemaView): string => {
  if (defaultFrom !== undefined) return defaultFrom.text;
  const there = onAppliance === undefined ? '' : `; on the appliance image ${code(onAppliance)}`;
  return schema.default === undefined ? 'none' : `${code(schema.default)}${there}`;
};

const description = ({ description: text = '', writeOnly, instead }: SchemaView): string =>
  [
    text,
    ...(writeOnly === true ? ['Secret.'] : []),
    ...(instead === undefined ? [] : [`Deprecated: ${instead}.`]),
  ].join(' ');

const code = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
