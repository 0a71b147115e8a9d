import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breaches } from '../../support/house/import-law.ts';
import { readSources } from '../../support/house/sources.ts';
import { ROOT } from '../../support/root.ts';

/** What the law says of one file with this text. */
const judge = (path: string, text: string): readonly string[] => breaches([{ path, text }]);

test('the house keeps the import law', () => {
  const bad: readonly (readonly [path: string, text: string, law: RegExp])[] = [
    [
      'core/base/a.ts',
      "import { readFileSync } from 'node:fs';",
      /core\/base\/a.ts imports node:fs: core imports no module of Node/,
    ],
    ['core/base/a.ts', "import fs from 'fs';", /imports fs: core imports no module/],
    ['core/event/a.ts', "import type { Finding } from '../detect/finding.ts';", /core\/detect comes later/],
    ['core/event/a.ts', "import {\n  a,\n  b,\n} from '../../actors/bus/index.ts';", /core imports core only/],
    ['core/query/a.ts', "const lazy = await import('../../native/nft/port.ts');", /core imports core only/],
    ['core/stray/a.ts', "import '../base/ip.ts';", /no place in the order/],
    ['core/base/a.ts', "export { parseIp } from './ip.ts';", /only a folder's index.ts hands on/],
    ['core/detect/deep/a.ts', "export * from './b.ts';", /only a folder's index.ts hands on/],
    ['native/nft/a.ts', "import { x } from '../../core/event/event.ts';", /native imports core\/base only/],
    ['native/nft/a.ts', "import { x } from '../journal/port.ts';", /native imports core\/base only/],
    ['actors/http/a.ts', "import type { StorePort } from '../store/port.ts';", /index.ts only \(actors\/store\)/],
    ['actors/main.ts', "import { x } from './http/listen.ts';", /index.ts only \(actors\/http\)/],
    [
      'actors/watchers/file/a.ts',
      "import { x } from '../journal/read.ts';",
      /index.ts only \(actors\/watchers\/journal\)/,
    ],
    ['actors/http/a.ts', "import { ROOT } from '../../test/support/root.ts';", /actors import core, native and proto/],
    ['actors/http/a.ts', "import { x } from '../main.ts';", /actors import core, native and proto/],
    ['proto/a.ts', "import { x } from '../core/base/ip.ts';", /proto imports proto only/],
    ['core/base/a.ts', 'const now = () => Date.now();', /uses Date.now: real time/],
    ['core/base/effects.ts', 'const now = new Date();', /uses new Date\(\): real time/],
    ['actors/bus/index.ts', 'setTimeout(() => {}, 5);', /uses setTimeout/],
    ['actors/bus/index.ts', 'globalThis.setInterval(f, 5);', /uses globalThis.setInterval/],
    ['actors/bus/a.ts', "import { randomUUID } from 'node:crypto';", /uses randomUUID/],
    ['actors/bus/a.ts', "import { setTimeout as wait } from 'node:timers/promises';", /uses node:timers\/promises/],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a template is what the planted file holds
    ['actors/bus/a.ts', 'const id = `${Math.random()}`;', /uses Math.random/],
    ['actors/bus/a.ts', 'const t = performance.now();', /uses performance.now/],
  ];
  for (const [path, text, law] of bad) assert.match(judge(path, text).join('\n'), law, `${path}: ${text}`);

  const good: readonly (readonly [path: string, text: string])[] = [
    ['core/detect/a.ts', "import { a } from '../event/event.ts';\nimport { b } from '../base/ip.ts';"],
    ['core/detect/deep/a.ts', "import { a } from '../window.ts'; // like import x from 'node:fs'"],
    ['core/base/a.ts', "import { sha256 } from '@noble/hashes/sha2.js';"],
    ['core/base/a.ts', "/** Never Date.now, never import x from 'node:fs'. */\nconst text = 'Date.now() in a string';"],
    ['core/base/a.ts', 'const moment = new Date(at);'],
    ['core/console/browser/a.ts', 'setTimeout(render, 100);'],
    ['core/api/index.ts', "export { dispatch } from './dispatch.ts';"],
    ['native/nft/a.ts', "import { ok } from '../../core/base/result.ts';\nconst t = performance.now();"],
    ['actors/http/a.ts', "import { store } from '../store/index.ts';\nimport { createServer } from 'node:https';"],
    ['actors/http/a.ts', 'socket.setTimeout(5000);'],
    ['actors/http/a.ts', 'const clock = { setTimeout: (run, delay) => ours.after(delay, run) };'],
    ['actors/http/a.ts', 'interface Clock {\n  setTimeout(run: () => void, delay: number): unknown;\n}'],
    ['actors/bus/effects.ts', 'const now = Date.now();'],
    ['actors/watchers/file/a.ts', "import { a } from '../../bus/index.ts';\nimport { b } from './deep/b.ts';"],
    ['test/unit/a.ts', "import { x } from '../../actors/http/listen.ts';"],
  ];
  for (const [path, text] of good) assert.deepEqual(judge(path, text), [], `${path}: ${text}`);

  assert.deepEqual(breaches(readSources(ROOT)), []);
});
