/**
 * Runs one of the benches, or lists them. The last line of a run is one JSON object of figures.
 *
 *   npm run bench
 *   npm run bench -- NAME [--OPTION N]... [--against DIST [--turns N]]
 *
 * `--against` names the dist folder of another build, which is measured turn by turn with this one, so that both meet
 * the same load of the machine; the figures are then medians of the turns: `name`, `name_against` and `name_ratio`.
 */
import { parseArgs } from 'node:util';
import { backlog } from './backlog.ts';
import { type Bench, type Figures, Wrong } from './bench.ts';
import { blockLatency } from './block-latency.ts';
import { blocksDayBench } from './blocks-day.ts';
import { compare } from './compare.ts';
import { detect } from './detect.ts';
import { fleet } from './fleet.ts';
import { fleetList } from './fleet-list.ts';
import { http } from './http.ts';
import { idle } from './idle.ts';
import { journal } from './journal.ts';
import { link } from './link.ts';
import { lists } from './lists.ts';
import { manyFiles } from './many-files.ts';
import { nft } from './nft.ts';
import { ownBlocks } from './own-blocks.ts';
import { parse } from './parse.ts';
import { parsers } from './parsers.ts';
import { replay } from './replay.ts';
import { replayCommand } from './replay-command.ts';
import { search } from './search.ts';
import { sse } from './sse.ts';
import { syslog } from './syslog.ts';

const BENCHES: readonly Bench[] = [
  backlog,
  blockLatency,
  blocksDayBench,
  detect,
  fleet,
  fleetList,
  http,
  idle,
  journal,
  link,
  lists,
  manyFiles,
  nft,
  ownBlocks,
  parse,
  parsers,
  replay,
  replayCommand,
  search,
  sse,
  syslog,
];
const TURNS = 5;

const say = (line: string): void => console.log(line);

process.exitCode = await main(process.argv.slice(2));

async function main([name, ...rest]: readonly string[]): Promise<number> {
  if (name === undefined) {
    for (const bench of BENCHES) list(bench);
    return 0;
  }
  const bench = BENCHES.find((one) => one.name === name);
  if (bench === undefined)
    return refuse(`there is no bench ${name}; there are ${BENCHES.map((b) => b.name).join(', ')}`);
  const read = readOptions(bench, rest);
  if (typeof read === 'string') return refuse(read);
  const { options, against, turns } = read;
  if (against !== undefined) return end(await compare({ bench, options, against, turns, say }));
  try {
    return end(await bench.run(options, say));
  } catch (thrown) {
    if (!(thrown instanceof Wrong)) throw thrown;
    console.error(`bench: ${thrown.message}`);
    end(thrown.figures);
    return 1;
  }
}

function end(figures: Figures): number {
  say(JSON.stringify(figures));
  return 0;
}

function list({ name, about, options }: Bench): void {
  say(`${name.padEnd(14)} ${about}`);
  for (const [option, { about: text, value }] of Object.entries(options)) {
    say(`${' '.repeat(16)}--${option.padEnd(10)} ${text} (${value})`);
  }
}

interface Given {
  readonly options: Readonly<Record<string, number>>;
  readonly against: string | undefined;
  readonly turns: number;
}

/** @returns what is wrong, as text */
function readOptions(bench: Bench, args: readonly string[]): Given | string {
  const names = [...Object.keys(bench.options), 'against', 'turns'];
  try {
    const { values } = parseArgs({
      args: [...args],
      options: Object.fromEntries(names.map((option) => [option, { type: 'string' as const }])),
    });
    const number = (option: string, otherwise: number): number => {
      const given = Number(values[option] ?? otherwise);
      if (Number.isFinite(given) && given >= 0) return given;
      throw new RangeError(`--${option} takes a number, not ${values[option]}`);
    };
    const options = Object.entries(bench.options).map(
      ([option, { value }]) => [option, number(option, value)] as const,
    );
    return {
      options: Object.fromEntries(options),
      against: values['against'],
      turns: number('turns', TURNS),
    };
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

function refuse(why: string): number {
  console.error(`bench: ${why}`);
  return 2;
}
