import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Recall } from '../../core/event/document.ts';
import { ROOT } from './root.ts';

/** What the parsers made of real logs, when last they were at hand; a unit test keeps it true. */
export const RECALL_FILE = 'test/fixtures/recall.json';

export const readRecalls = (): readonly Recall[] =>
  JSON.parse(readFileSync(join(ROOT, RECALL_FILE), 'utf8')) as readonly Recall[];
