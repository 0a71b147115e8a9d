/**
 * A process that puts settings on trial on the kernel of a namespace and then waits for what comes:
 * `node trial-child.js STATE NETNS LASTS_MS SETTINGS`. Says when the trial ends (CLOCK_MONOTONIC, ms).
 */
import { execFileSync } from 'node:child_process';
import { createRecords } from '../../actors/store/index.ts';
import type { Millis } from '../../core/base/time.ts';
import type { Change } from '../../core/config/change.ts';
import { monotonic } from '../support/boundary.ts';
import { TrialSite } from '../support/change/trial-site.ts';
import { MemoryStore } from '../support/memory-store.ts';

const [state = '', netns = '', lasts = '', settings = '[]'] = process.argv.slice(2);
const site = await TrialSite.open({ state, netns, records: createRecords(new MemoryStore()) });
const done = await site.tryOut(JSON.parse(settings) as readonly Change[], Number(lasts) as Millis);
if (!done.ok) throw new Error(done.public);
const left = site.changes.pending()?.left ?? 0;
console.log(`${monotonic() + left}`);
execFileSync('sleep', ['600']);
