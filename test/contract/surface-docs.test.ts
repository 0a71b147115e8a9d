import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PAGES, withTable } from '../../image/build/surface-docs.ts';
import { ROOT } from '../support/root.ts';

for (const { file, endpoints } of PAGES)
  test(`${file} shows the tables as they are; dist/image/build/surface-docs.js rewrites it`, () => {
    const page = readFileSync(join(ROOT, file), 'utf8');
    assert.equal(withTable(page, endpoints), page);
  });
