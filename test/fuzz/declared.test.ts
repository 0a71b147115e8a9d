import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { millis } from '../../core/base/time.ts';
import { declarationProblems, type ParserDeclaration } from '../../core/event/declared/declaration.ts';
import { isEvent, type Parser } from '../../core/event/event.ts';
import { createParsers } from '../../core/event/parsers.ts';
import { UTC } from '../../core/event/syslog-time.ts';
import { fuzz, linesOf } from '../support/fuzz.ts';
import { assertSound } from '../support/parser-fuzz.ts';
import { ROOT } from '../support/root.ts';

const NOW = millis(Date.UTC(2026, 10, 22, 12));
const FOLDER = join(ROOT, 'test/fixtures/fuzz');
const declared = JSON.parse(readFileSync(join(FOLDER, 'declared.json'), 'utf8')) as readonly Record<string, string>[];
const lines = linesOf(readFileSync(join(FOLDER, 'parsers.txt'), 'utf8'));

const OTHER = { action: 'made_up', category: 'other', outcome: 'unknown' } as const;

/** A pattern takes the longest line that it is matched against in less: 1,000 instructions, 16 KiB. */
const LONGEST_MS = 2000;

/** Of each kind, a declaration with this text in it. */
const KINDS: Readonly<Record<string, (text: string) => Omit<ParserDeclaration, 'name'>>> = {
  regex: (regex) => ({ programs: ['*'], messages: [{ regex, ...OTHER }] }),
  nginx_log_format: (format) => ({ nginx_log_format: format }),
  apache_log_format: (format) => ({ apache_log_format: format }),
  time_format: (time) => ({
    time_format: time,
    messages: [{ regex: '^(?P<time>.{1,40}) \\[?(?P<user>\\S+)', ...OTHER }],
  }),
};

for (const [kind, declare] of Object.entries(KINDS))
  test(`${kind}: whatever an operator declares is refused with the reason, or reads any line in linear time`, () => {
    const corpus = linesOf(declared.flatMap((one) => one[kind] ?? []).join('\n'));
    const decoder = new TextDecoder();
    let accepted = 0;
    const runs = fuzz(`declared-${kind}`, corpus, (mutator) => {
      const declaration = { name: 'x', ...declare(decoder.decode(mutator.mutant())) };
      const problems = declarationProblems(declaration);
      if (problems.length > 0) return assert.ok(problems.every(({ message }) => message !== ''));
      accepted++;
      const parse = createParsers({ zone: UTC, declared: [declaration] }).get('x') ?? assert.fail();
      const line = decoder.decode(lines[mutator.below(lines.length)]);
      read(parse, line);
      if (accepted % 20 === 0) read(parse, line.repeat(Math.ceil(16_384 / line.length)));
    });
    assert.ok(accepted > runs / 50, `only ${accepted} of ${runs} were accepted`);
  });

function read(parse: Parser, text: string): void {
  const began = performance.now();
  const parsed = parse({ text, position: { source: 'f', offset: 0 }, receivedAt: NOW, provenance: 'file' });
  assert.ok(performance.now() - began < LONGEST_MS, `${performance.now() - began} ms`);
  if (isEvent(parsed)) assertSound(parsed, text);
}
