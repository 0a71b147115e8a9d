import { wrapped } from '../base/paragraphs.ts';
import { pairLines } from './render.ts';
import { isSection, type Section, type Setting, type Surroundings, view } from './setting.ts';
import { SETTINGS, type WatchedFile } from './settings.ts';
import { boundsText } from './words.ts';

const WIDTH = 100;

export interface DefaultConfigFacts extends Surroundings {
  /** Log files of this host to watch from the first start. */
  readonly files: readonly Pick<WatchedFile, 'path' | 'parser'>[];
  /** It keeps a journal, to be followed from the first start. */
  readonly journal: boolean;
}

/** The config that a first start writes: every setting with its text, defaults commented out, the host's logs watched. */
export function defaultConfigText(facts: DefaultConfigFacts): string {
  const sections = Object.entries(SETTINGS).map(([key, declared]) =>
    isSection(declared) ? sectionLines(key, declared, facts) : settingLines(key, declared, 0, facts),
  );
  return `${[HEAD, ...sections].map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

const HEAD = [
  '# Bartizan. Every key is optional; a line that is commented out shows the default or an example.',
  '# `bartizan config-check` says what is wrong with this file, docs/configuration.md explains it.',
];

function sectionLines(key: string, { title, settings }: Section, facts: DefaultConfigFacts): readonly string[] {
  const suggested = Object.entries(settings).filter(([, one]) => view(one.schema).instead === undefined);
  const inner = suggested.map(([name, one]) =>
    isFound(key, name, facts)
      ? [...describe(one, 2), ...pairLines(name, facts[name], 2)]
      : settingLines(name, one, 2, facts),
  );
  return [
    ...comment(`${title}.`, 0),
    `${key}:`,
    ...inner
      .map((lines) => lines.join('\n'))
      .join('\n\n')
      .split('\n'),
  ];
}

/** What this host has is written out rather than shown as an example. */
const isFound = (section: string, name: string, facts: DefaultConfigFacts): name is 'files' | 'journal' =>
  section === 'watchers' && ((name === 'files' && facts.files.length > 0) || (name === 'journal' && facts.journal));

function settingLines(key: string, one: Setting, indent: number, facts: Surroundings): readonly string[] {
  const margin = ' '.repeat(indent);
  return [...describe(one, indent), ...pairLines(key, sample(one, facts), 0).map((line) => `${margin}# ${line}`)];
}

const describe = (one: Setting, indent: number): readonly string[] => {
  const schema = view(one.schema);
  const sentences = [schema.description, boundsText(schema), one.applies === 'restart' ? '' : 'Takes effect at once.'];
  return comment(sentences.filter((sentence) => sentence !== '').join(' '), indent);
};

/** What the commented-out line shows: the default where that says something, else an example. */
function sample({ schema, defaultFrom, onAppliance }: Setting, facts: Surroundings): unknown {
  if (defaultFrom !== undefined) return facts[defaultFrom.from];
  if (onAppliance !== undefined && facts.isAppliance === true) return onAppliance;
  const { default: preset, examples = [], writeOnly } = view(schema);
  const bare = preset === undefined || (Array.isArray(preset) && preset.length === 0);
  return bare ? (examples[0] ?? (writeOnly === true ? 'SECRET' : preset)) : preset;
}

function comment(text: string, indent: number): readonly string[] {
  const lead = `${' '.repeat(indent)}# `;
  return wrapped(text, WIDTH - lead.length).map((line) => `${lead}${line}`);
}
