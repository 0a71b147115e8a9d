import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { metricsDocument } from '../../core/api/metrics/document.ts';
import { cliDocument } from '../../core/cli/document.ts';
import { configurationDocument } from '../../core/config/document.ts';
import { checksDocument } from '../../core/detect/document.ts';
import { parsersDocument } from '../../core/event/document.ts';
import { searchDocument } from '../../core/query/document.ts';
import { imageTestDocument } from '../image/document.ts';
import { messagesDocument } from '../support/messages-document.ts';
import { readRecalls } from '../support/recall.ts';

/** The checkout, seen from dist/test/contract. */
const CHECKOUT = join(import.meta.dirname, '../../..');
const UPDATE = process.env['BARTIZAN_RENEW_GOLDENS'] === '1';

for (const { path, document } of [
  { path: 'docs/configuration.md', document: configurationDocument },
  { path: 'docs/cli.md', document: cliDocument },
  { path: 'docs/metrics.md', document: metricsDocument },
  { path: 'docs/search.md', document: searchDocument },
  { path: 'docs/parsers.md', document: () => parsersDocument(readRecalls()) },
  { path: 'docs/checks.md', document: checksDocument },
  { path: 'docs/image-test.md', document: imageTestDocument },
  { path: 'docs/controller-messages.md', document: messagesDocument },
]) {
  test(`${path} says what the declarations say`, async () => {
    if (UPDATE) await writeFile(join(CHECKOUT, path), document());
    const text = await readFile(join(CHECKOUT, path), 'utf8').catch(() => '');
    assert.equal(text, document(), `${path} is stale: run this test with BARTIZAN_RENEW_GOLDENS=1`);
  });
}
