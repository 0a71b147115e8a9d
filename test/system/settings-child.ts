/**
 * A life of the settings with the firewall on the kernel of a namespace, for `settings-crash.test.ts`:
 *
 *   settings-child.ts STATE NETNS run SCENARIO [STEP]    dies by its own SIGKILL before that step
 *   settings-child.ts STATE NETNS recover                starts, lets a trial run out, and says how it ended
 *
 * The last line is one JSON object.
 */
import { systemClock } from '../../actors/clock/index.ts';
import { openStore } from '../../actors/store/index.ts';
import { seconds } from '../../core/base/time.ts';
import { TrialSite } from '../support/change/trial-site.ts';
import { waitFor } from '../support/wait-for.ts';

const [state = '', netns = '', mode = '', scenario = '', step = 'never'] = process.argv.slice(2);
const SETTINGS = [
  { path: 'firewall.denied_networks', value: ['203.0.113.0/24', '::/0'] },
  { path: 'firewall.enabled', value: !scenario.endsWith('off') },
];

let steps = 0;
const counted = (): void => {
  if (mode === 'run' && steps++ === Number(step)) process.kill(process.pid, 'SIGKILL');
};
const store = await openStore({ stateDirectory: state, clock: systemClock, log: () => {}, onDamage: () => {} });
if (!store.ok) throw new Error(store.public);
const site = await TrialSite.open({ state, netns, records: store.value.records, counted });
if (mode === 'run') await run();
else await waitFor('the end of the trial', () => (site.changes.pending() === undefined ? true : undefined));
await site.close();
const [last] = await site.changes.list(1);
await store.value.service.stop();
console.log(JSON.stringify({ steps, result: last?.verdict?.result, by: last?.verdict?.by }));

async function run(): Promise<void> {
  const force = scenario.startsWith('force') ? { forcedBecause: 'for the test' } : {};
  // Long enough for a step under load, short enough to wait for.
  const proposed = await site.tryOut(SETTINGS, seconds(2), force);
  if (!proposed.ok) throw new Error(proposed.public);
  const done = scenario.startsWith('confirm')
    ? await site.confirm()
    : scenario.startsWith('revert')
      ? await site.revert()
      : proposed;
  if (!done.ok) throw new Error(done.public);
  console.log('told');
}
