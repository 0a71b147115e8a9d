/** `npm run image -- test`: see {@link USAGE}. Builds the image when there is none. The last line is one of JSON. */
import { randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD } from '../../image/assemble.ts';
import { mulberry32 } from '../support/mulberry.ts';
import { makeBundles } from './bundles.ts';
import { imageUnderTest } from './image.ts';
import { FileServer } from './network/file-server.ts';
import { STORIES } from './stories.ts';
import { type Orders, readOrders, USAGE } from './story/orders.ts';
import { isGood, summary, table } from './story/outcome.ts';
import { planned } from './story/scenario.ts';
import { sideBySide } from './story/side-by-side.ts';
import { tell } from './story/tell.ts';
import { noGuest } from './tools.ts';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** @returns the exit code: 0 when all that was run has shown what it is to show */
export async function testImage(words: readonly string[]): Promise<number> {
  const orders = readOrders(words);
  if (!orders.ok) {
    say(`${orders.public}\n\n${USAGE}`);
    return 2;
  }
  if (orders.value.isList) {
    for (const { scenarios } of STORIES) for (const { name, shows } of scenarios) say(`${name.padEnd(18)} ${shows}`);
    return 0;
  }
  const why = noGuest();
  if (why !== undefined) {
    say(`bartizan: the image cannot be tested here: ${why}`);
    return 1;
  }
  return runAll(orders.value);
}

/** Told to stop, a run ends what it started and then itself. */
function stopOnSignals(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  return stop.signal;
}

async function runAll(orders: Orders): Promise<number> {
  const stories = planned(STORIES, orders.wanted);
  const begun = performance.now();
  const folder = join(BUILD, 'test');
  mkdirSync(folder, { recursive: true });
  const seed = Number(process.env['BARTIZAN_TEST_SEED'] ?? randomInt(2 ** 31 - 1));
  say(`BARTIZAN_TEST_SEED=${seed}`);
  const { image, version } = await imageUnderTest(folder, say);
  const bundles = await makeBundles(version, join(folder, 'bundles'), say);
  await using server = await FileServer.open();
  const site = { folder, image, version, bundles, server, chance: mulberry32(seed), powerCuts: orders.powerCuts };
  const stopping = stopOnSignals();
  const outcomes = await sideBySide(stories, orders.atOnce, (story, told) =>
    tell(story, site, { say, told, stopping }),
  );
  say(`\n${table(outcomes)}`);
  process.stdout.write(`${summary(version, outcomes, (performance.now() - begun) / 1000)}\n`);
  return isGood(outcomes) ? 0 : 1;
}
