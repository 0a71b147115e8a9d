import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { lineTable, lineTableBytes, readLineTable, sourceLine } from '../../../../core/base/line-table.ts';
import { ROOT } from '../../../support/root.ts';

interface Entry {
  readonly generatedLine: number;
  readonly originalSource: string;
  readonly originalLine: number;
}

describe('tables of lines', () => {
  for (const name of ['actors/pipeline/pipeline', 'core/base/line-table', 'core/event/syslog']) {
    test(`${name}: what Node's own reader of source maps says of the first place in each line`, () => {
      const text = readFileSync(join(ROOT, `dist/${name}.js`), 'utf8');
      const map = JSON.parse(readFileSync(join(ROOT, `dist/${name}.js.map`), 'utf8'));
      const table = readLineTable(lineTableBytes(lineTable(map.sources, map.mappings)));
      const reader = new SourceMap(map);
      for (const [row, line] of text.split('\n').entries()) {
        const found = sourceLine(table, row + 1);
        if (found === undefined) continue;
        const entry = Array.from(line, (_, at) => reader.findEntry(row, at) as Entry).find(
          (one) => one.generatedLine === row,
        );
        if (entry === undefined) continue;
        assert.deepEqual(
          [found.source, found.line],
          [entry.originalSource, entry.originalLine + 1],
          `line ${row + 1}: ${line}`,
        );
      }
    });
  }

  test('lines that come from nowhere, and lines beyond the end', () => {
    const table = lineTable(['a.ts', 'b.ts'], ';;AAAA;ACEA,CAAC;;');
    assert.deepEqual(
      [1, 2, 3, 4, 5, 99].map((line) => sourceLine(table, line)),
      [undefined, undefined, { source: 'a.ts', line: 1 }, { source: 'b.ts', line: 3 }, undefined, undefined],
    );
  });

  test('mappings that are none are refused', () => {
    assert.throws(() => lineTable([], 'A!AA'), /no base64 digit/);
  });
});
