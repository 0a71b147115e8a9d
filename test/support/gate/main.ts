/**
 * The gate: what CI, the pre-commit hook and people run, by `npm run check` and `npm test`. Runs unbuilt, because it
 * builds: style → build → unit (with the laws of the house) → contract → system (`test` only) → fuzz. Stops at the
 * first stage that fails. Closes with the test runner's summary and the counts of all stages; a run that executed no
 * test has failed.
 *
 *   main.ts check|test [PATH...]     PATH under test/, e.g. `unit` or `system/provision.test.ts`: only these tests
 */
import { randomInt } from 'node:crypto';
import { globSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../root.ts';
import { add, type Counts, closingLine, NONE } from './counts.ts';
import { succeeds } from './processes.ts';
import { NODE_FLAGS, STAGES, type Stage } from './stages.ts';

const COUNTS_FILE = 'build/gate-counts.json';
const TOOL_LIMIT = 10 * 60_000;

const [mode, ...paths] = process.argv.slice(2);
/** As built; written with or without the folder in front and the ending. */
const wanted = paths.map((path) => `dist/test/${path.replace(/^(\.\/)?(test\/)?/, '').replace(/\.ts$/, '.js')}`);
process.exitCode = (await gate(STAGES.filter((stage) => mode === 'test' || stage.name !== 'system'))) ? 0 : 1;

async function gate(stages: readonly Stage[]): Promise<boolean> {
  // One seed for every process of the run, so that one variable repeats it.
  process.env['BARTIZAN_TEST_SEED'] ??= String(randomInt(2 ** 31 - 1));
  console.log(`gate: BARTIZAN_TEST_SEED=${process.env['BARTIZAN_TEST_SEED']}`);
  const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
  if (!(await succeeds(process.execPath, [biome, 'check', '.'], TOOL_LIMIT))) return stopped('style');
  if (!(await succeeds('sh', [join(ROOT, 'image/build/build')], TOOL_LIMIT))) return stopped('build');
  mkdirSync(join(ROOT, 'build'), { recursive: true });

  let total = NONE;
  const failed: string[] = [];
  for (const stage of stages) {
    for (const files of runsOf(stage)) {
      const name = files.length === 1 ? files.join() : `dist/test/${stage.name}`;
      console.log(`\ngate: ${name}`);
      const { good, counts } = await runTests(files, stage);
      total = add(total, counts);
      if (!good) failed.push(name);
    }
    if (failed.length > 0) break;
  }
  for (const name of failed) console.log(`gate: failed: ${name}`);
  if (total.passed + total.failed === 0) console.log(nothingRan());
  console.log(closingLine(total));
  return failed.length === 0 && total.passed > 0;
}

function nothingRan(): string {
  const which = paths.length === 0 ? '' : `: none lies under ${paths.join(' or ')}, of what \`${mode}\` runs`;
  return `gate: no test was executed${which}`;
}

function stopped(at: string): false {
  console.log(`gate: stopped at ${at}`);
  return false;
}

/** The stage's test files, as many in a list as share a process. */
function runsOf(stage: Stage): readonly (readonly string[])[] {
  const files = globSync(`dist/test/${stage.name}/**/*.test.js`, { cwd: ROOT })
    .filter((file) => wanted.length === 0 || wanted.some((path) => file.startsWith(path)))
    .sort();
  if (files.length === 0) return [];
  return stage.process === 'each' ? files.map((file) => [file]) : [files];
}

/** A run that ends without counts has died, and so failed, whatever its exit code. */
async function runTests(files: readonly string[], stage: Stage): Promise<{ good: boolean; counts: Counts }> {
  const counts = join(ROOT, COUNTS_FILE);
  rmSync(counts, { force: true });
  const reporters = { spec: 'stdout', [join(ROOT, 'dist/test/support/gate/counts.js')]: counts };
  const args = [
    ...NODE_FLAGS,
    '--test',
    // Where tests start programs and workers, these must not inherit the runner's own options.
    `--test-isolation=${stage.process === 'shared' ? 'none' : 'process'}`,
    ...(stage.process === 'pairs' ? ['--test-concurrency=2'] : []),
    `--test-timeout=${stage.limit * 0.8}`,
    ...Object.entries(reporters).flatMap(([name, to]) => [
      `--test-reporter=${name}`,
      `--test-reporter-destination=${to}`,
    ]),
    ...files,
  ];
  const ended = await succeeds(process.execPath, args, stage.limit);
  const read = readCounts(counts);
  if (read === undefined) return { good: false, counts: { ...NONE, failed: 1 } };
  return { good: ended && read.failed === 0, counts: read };
}

function readCounts(file: string): Counts | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Counts;
  } catch {
    return undefined;
  }
}
