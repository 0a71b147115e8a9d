import assert from 'node:assert/strict';
import { test } from 'node:test';
import { golden } from '../../support/golden.ts';
import { architecturePage, survey } from '../../support/house/architecture.ts';
import { picture } from '../../support/house/picture.ts';
import { readSources } from '../../support/house/sources.ts';
import { ROOT } from '../../support/root.ts';

test('imports between rooms are measured, each once, nested folders as their room', () => {
  const house = survey([
    { path: 'core/event/syslog.ts', text: "import a from '../base/ip.ts';\nimport b from '../base/time.ts';" },
    { path: 'actors/watchers/file/index.ts', text: "import type { A } from '../../../core/event/event.ts';" },
    { path: 'actors/main.ts', text: "import { watch } from './watchers/file/index.ts';" },
    { path: 'test/unit/a.test.ts', text: "import a from '../../core/base/ip.ts';" },
  ]);
  assert.deepEqual(house.edges, [
    { from: 'actors/watchers', to: 'core/event' },
    { from: 'core/event', to: 'core/base' },
  ]);
  assert.deepEqual([...house.furnished], ['core/event', 'actors/watchers', 'test']);
});

test('docs/architecture is what the source tree says', () => {
  const house = survey(readSources(ROOT));
  golden('docs/architecture.svg', picture(house));
  golden('docs/architecture.md', architecturePage(house));
});
