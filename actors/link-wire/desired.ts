import { seconds } from '../../core/base/time.ts';
import type { Desired, RuleFile, Section } from '../../core/link/order.ts';
import type { bartizan } from '../../proto/index.ts';
import { bytes, count, distinct, each, hex, Malformed, optionalHex, patternText } from './checks.ts';
import { digestOf } from './ed25519.ts';
import { jsonBytes, jsonObject, utf8 } from './json-object.ts';
import { saidHex } from './said.ts';

type Wire = bartizan.v1.Desired.$Properties;

const SECTION = /^[a-z][a-z0-9_]{0,63}$/;
const RULE_FILE = /^[a-z0-9][a-z0-9._-]{0,127}$/;
const LONGEST_RULES = 256 * 1024;
/** What `0` stands for. */
const TRIAL_SECONDS = 300;

export function desired(message: Wire): Desired {
  return {
    parent: optionalHex(message.parent, 'parent', 32),
    sections: distinct(each(message.sections, 'sections', 64, readSection), 'sections', ({ name }) => name),
    trial: seconds(
      message.trialSeconds ? count(message.trialSeconds, 'trial_seconds', { least: 60, most: 1800 }) : TRIAL_SECONDS,
    ),
    rules: distinct(each(message.rules, 'rules', 256, readRuleFile), 'rules', ({ name }) => name),
  };
}

const readSection = (message: bartizan.v1.Section.$Properties): Section => ({
  name: patternText(message.name, 'name', SECTION),
  values: jsonObject(message.values ?? new Uint8Array(0), 'values'),
});

function readRuleFile(message: bartizan.v1.RuleFile.$Properties): RuleFile {
  const content = bytes(message.content, 'content', LONGEST_RULES);
  const sha256 = hex(message.sha256, 'sha256', 32);
  if (digestOf(content) !== sha256) throw new Malformed('sha256', 'is not that of the content');
  return { name: patternText(message.name, 'name', RULE_FILE), sha256, content: utf8(content, 'content') };
}

export const desiredMessage = ({ parent, sections, trial, rules }: Desired): Wire => ({
  parent: saidHex(parent),
  sections: sections.map(({ name, values }) => ({ name, values: jsonBytes(values) })),
  trialSeconds: trial / 1000,
  rules: rules.map(({ name, sha256, content }) => ({
    name,
    sha256: saidHex(sha256),
    content: new TextEncoder().encode(content),
  })),
});
