/**
 * A life of the change service on a real disk and a real store, for `change-crash.test.ts`:
 *
 *   change-child.ts FOLDER run SCENARIO [STEP]    dies by its own SIGKILL before that step
 *   change-child.ts FOLDER recover                starts, lets a trial run out, and says how everything stands
 *
 * The kernel outlives its processes in a file that is replaced whole. The last line is one JSON object.
 */
import { ownIds, systemBootClock, systemDisk } from '../../actors/change/effects.ts';
import { ChangeService } from '../../actors/change/service.ts';
import { systemClock, systemRandom } from '../../actors/clock/index.ts';
import { openStore } from '../../actors/store/index.ts';
import { type Millis, seconds } from '../../core/base/time.ts';
import { FakeSubject, Script } from '../support/change/fake-subject.ts';
import { FileKernel } from '../support/change/file-kernel.ts';
import { countedDisk, rootedDisk } from '../support/change/real-disk.ts';
import { waitFor } from '../support/wait-for.ts';

const DENY = ['203.0.113.4', '203.0.113.5'];
const [folder = '', mode = '', scenario = '', step = 'never'] = process.argv.slice(2);

let steps = 0;
const counted = (): void => {
  if (mode === 'run' && steps++ === Number(step)) process.kill(process.pid, 'SIGKILL');
};

const bootClock = systemBootClock();
const kernel = new FileKernel(`${folder}/kernel.json`, bootClock, counted);
const disk = countedDisk(rootedDisk(systemDisk, folder), counted);
const store = await openStore({
  stateDirectory: `${folder}/var/lib/edge`,
  clock: systemClock,
  log: () => {},
  onDamage: () => {},
});
if (!store.ok) throw new Error(store.public);
const service = new ChangeService({
  stateDirectory: '/var/lib/edge',
  disk,
  own: ownIds(),
  records: store.value.records,
  clock: systemClock,
  bootClock,
  random: systemRandom,
  log: () => {},
  subjects: [new FakeSubject(disk, kernel, new Script())],
  requestRestart: () => {},
  publish: () => {},
});
await service.start((cause) => {
  throw cause;
});
if (mode === 'run') await run();
else await waitFor('the end of the trial', () => (service.pending() === undefined ? true : undefined));
await service.stop();
const [last] = await service.list(1);
await store.value.service.stop();
console.log(JSON.stringify({ steps, result: last?.verdict?.result, by: last?.verdict?.by, kernel: kernel.lists() }));

async function run(): Promise<void> {
  const word = { actor: 'ops', origin: 'cli', peer: 'local' } as const;
  // Long enough for a step under load, short enough to wait for.
  const trial = seconds(2);
  const forcedBecause = scenario === 'force' ? { forcedBecause: 'for the test' } : {};
  const proposal = {
    subject: 'fake',
    proposal: { deny: DENY },
    word,
    trial,
    confirmedBy: 'word',
    ...forcedBecause,
  } as const;
  const proposed = await service.propose(proposal);
  if (!proposed.ok) throw new Error(proposed.public);
  const { id } = proposed.value;
  const connection = { openedAt: (systemClock.now() + 1) as Millis };
  const answer =
    scenario === 'confirm'
      ? await service.confirm({ id, word, connection })
      : scenario === 'revert'
        ? await service.revert({ id, word })
        : proposed;
  if (!answer.ok) throw new Error(answer.public);
  console.log('told');
}
