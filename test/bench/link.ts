import { cp, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../actors/store/index.ts';
import { EnrolmentServer } from '../support/link/enrolment-server.ts';
import { killedDrain } from '../support/link/killed-drain.ts';
import { type LossDay, lossDay } from '../support/link/loss-day.ts';
import { wrongInDay, wrongInLedger } from '../support/link/loss-judge.ts';
import { Mosquitto } from '../support/link/mosquitto.ts';
import { realClock } from '../support/real-clock.ts';
import { waitFor } from '../support/wait-for.ts';
import { declareBench, type Figures, Wrong } from './bench.ts';
import { drain, type Ground, publish, singles } from './link-drain.ts';
import { median, rounded } from './statistics.ts';

const MIB = 1024 * 1024;
/** So long LevelDB has made no file and deleted none. */
const AT_REST = 3000;

/** A day without a link, what the link then takes for what is left beside mqtt.js alone, and the same killed in the midst of it. */
export const link = declareBench({
  name: 'link',
  about:
    'A day without a link, simulated; what is left drained to a broker over TLS, beside mqtt.js with the same messages; kill -9 in the midst of it.',
  options: {
    findings: { about: 'findings of the day', value: 500_000 },
    outbox: { about: 'MiB that may wait', value: 64 },
    turns: { about: 'times that drain and mqtt.js are measured, one after the other', value: 5 },
    kills: { about: 'kill -9 in one drain', value: 2 },
  },
  async run({ findings, outbox, turns, kills }, say) {
    const directory = await mkdtemp(join(tmpdir(), 'bartizan-bench-link-'));
    const broker = await Mosquitto.make();
    await broker.start();
    const server = await EnrolmentServer.start(broker.authority, [broker.url]);
    const ground = { broker, server };
    const maxBytes = outbox * MIB;
    try {
      const begun = join(directory, 'day');
      const { day, disk_mb } = await lose(begun, findings, maxBytes);
      say(
        `${findings} findings in a day without a link: at most ${rounded(day.mostWaiting / MIB)} of ${outbox} MiB waited, ${disk_mb} MiB on the disk; given up ${JSON.stringify(day.givenUp)}, first ${day.lost.join(', ')}`,
      );
      const speed = await measure({ directory, begun, day, maxBytes, ground, turns }, say);
      const killed = await kill({ directory, begun, day, maxBytes, ground, turns: kills }, say);
      return { findings, waiting_mb: rounded(day.mostWaiting / MIB), disk_mb, ...givenUpOf(day), ...speed, ...killed };
    } finally {
      await server.stop();
      await broker.remove();
      await rm(directory, { recursive: true, force: true });
    }
  },
});

const givenUpOf = ({ givenUp, lost }: LossDay): Figures => ({
  given_up_first: lost.join(),
  findings_given_up: givenUp.finding,
});

async function lose(state: string, findings: number, maxBytes: number) {
  const opened = await openStore({ stateDirectory: state, clock: realClock, log: () => {}, onDamage: () => {} });
  if (!opened.ok) throw new Error(opened.public);
  try {
    const day = await lossDay(opened.value.port, { findings, maxBytes });
    // A link that was away for a day comes back to a disk that is done with that day.
    await atRest(join(state, 'store'));
    const disk_mb = rounded((await bytesIn(join(state, 'store'))) / MIB);
    const [wrong] = wrongInDay(day, maxBytes);
    if (wrong !== undefined) throw new Wrong(wrong, { disk_mb });
    return { day, disk_mb };
  } finally {
    await opened.value.service.stop();
  }
}

interface After {
  readonly directory: string;
  /** The state directory that the day has left; each turn has a copy. */
  readonly begun: string;
  readonly day: LossDay;
  readonly maxBytes: number;
  readonly ground: Ground;
  readonly turns: number;
}

async function measure({ directory, begun, day, maxBytes, ground, turns }: After, say: (line: string) => void) {
  const left = day.made.finding - day.givenUp.finding;
  const figures: { drained: number; raw: number; single: number; ratio: number }[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const state = join(directory, `turn-${turn}`);
    await cp(begun, state, { recursive: true });
    const { seconds, messages, ledger } = await drain(state, day.made, maxBytes, ground);
    const [wrong] = wrongInLedger(ledger, day.made, day.givenUp);
    if (wrong !== undefined) throw new Wrong(wrong, { turn });
    await rm(state, { recursive: true });
    const rawSeconds = await publish(ground.broker, messages);
    const single = await singles(ground.broker, left, messages);
    figures.push({ drained: left / seconds, raw: left / rawSeconds, single, ratio: rawSeconds / seconds });
    say(
      `drained ${Math.round(left / seconds)} findings/s in ${messages.length} messages, mqtt.js with the same messages ${Math.round(left / rawSeconds)} (${rounded(rawSeconds / seconds, 2)}), with a message for each finding ${Math.round(single)}`,
    );
  }
  return {
    findings_drained: left,
    drained_findings_per_s: Math.round(median(figures.map(({ drained }) => drained))),
    raw_findings_per_s: Math.round(median(figures.map(({ raw }) => raw))),
    single_findings_per_s: Math.round(median(figures.map(({ single }) => single))),
    ratio: rounded(median(figures.map(({ ratio }) => ratio)), 2),
  };
}

async function kill({ directory, begun, day, maxBytes, ground, turns: kills }: After, say: (line: string) => void) {
  const state = join(directory, 'killed');
  await cp(begun, state, { recursive: true });
  const least = maxBytes / (40 * 1024);
  const killsAfter = Array.from({ length: kills }, () => Math.max(1, Math.floor(least / (kills + 1))));
  const { made, givenUp } = day;
  const { ledger, messages, doubles } = await killedDrain({ state, made, maxBytes, ...ground, killsAfter });
  const [wrong] = wrongInLedger(ledger, made, givenUp);
  const figures = { kills, messages, items_sent_again: doubles };
  if (wrong !== undefined) throw new Wrong(wrong, figures);
  say(`killed ${kills} times in the midst of it: nothing lost, ${doubles} items came again under their numbers`);
  return figures;
}

async function atRest(directory: string): Promise<void> {
  let before = '';
  let since = performance.now();
  await waitFor(
    'the store to be done',
    async () => {
      const names = (await readdir(directory)).sort().join();
      if (names !== before) since = performance.now();
      before = names;
      return performance.now() - since > AT_REST ? true : undefined;
    },
    { withinMs: 120_000, everyMs: 200 },
  );
}

async function bytesIn(directory: string): Promise<number> {
  const sizes = await Promise.all((await readdir(directory)).map((name) => stat(join(directory, name))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}
