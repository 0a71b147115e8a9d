import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { NODE_FLAGS } from '../support/daemon.ts';
import { noJournalRemote } from '../support/journald.ts';
import { noMosquitto } from '../support/link/mosquitto.ts';
import { notRoot } from '../support/namespaces.ts';

const noWrk = spawnSync('wrk', ['-v']).error === undefined ? false : 'wrk is not installed';

const MAIN = join(import.meta.dirname, '../bench/main.js');

const run = (...args: readonly string[]) =>
  spawnSync(process.execPath, [...NODE_FLAGS, MAIN, ...args], { encoding: 'utf8', timeout: 60_000 });

/** Sizes at which a bench measures nothing, but shows that it still runs. */
const SMALLEST: Readonly<Record<string, readonly string[]>> = {
  backlog: ['--lines', '1000', '--runs', '1'],
  'block-latency': ['--seconds', '0.2', '--every', '5'],
  'blocks-day': ['--blocks', '100'],
  detect: ['--lines', '1000', '--rounds', '1'],
  http: ['--turns', '1', '--seconds', '1', '--connections', '4'],
  idle: ['--starts', '1', '--settle', '0', '--watch', '0.1'],
  journal: ['--entries', '1000', '--runs', '1', '--peers', '1'],
  link: ['--findings', '2000', '--turns', '1'],
  lists: ['--addresses', '1000', '--networks', '100'],
  'many-files': ['--files', '50', '--settle', '0', '--watch', '0.1'],
  nft: ['--singles', '10', '--bulk', '100', '--networks', '100', '--calls', '2', '--turns', '1'],
  'own-blocks': ['--blocks', '100'],
  parse: ['--lines', '1000', '--rounds', '1'],
  parsers: ['--lines', '100', '--rounds', '1'],
  replay: ['--lines', '1000', '--runs', '1'],
  'replay-command': ['--lines', '1000', '--runs', '1'],
  search: ['--events', '20000', '--searches', '2'],
  sse: ['--clients', '20', '--seconds', '1'],
  syslog: ['--lines', '2000'],
};
/** A broker, controllers and their leases take most of a minute before there is anything to measure: only listed here. */
const LONG = ['fleet', 'fleet-list'];
const FOR_ROOT = ['block-latency', 'lists', 'nft', 'own-blocks', 'replay'];

/** Why a bench cannot run here. */
const lacking = (name: string): false | string => {
  if (name === 'journal') return noJournalRemote;
  if (name === 'http') return noWrk;
  if (name === 'link') return noMosquitto;
  return FOR_ROOT.includes(name) && notRoot;
};

test('without a name the benches are listed', () => {
  const { stdout, status } = run();
  assert.equal(status, 0);
  assert.deepEqual(
    stdout.split('\n').flatMap((line) => /^\S+/.exec(line) ?? []),
    [...Object.keys(SMALLEST), ...LONG].sort(),
  );
});

for (const [name, args] of Object.entries(SMALLEST)) {
  test(`${name} runs and ends with its figures`, { skip: lacking(name) }, () => {
    const { stdout, stderr, status } = run(name, ...args);
    assert.equal(status, 0, stderr);
    const figures = Object.entries(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as object);
    assert.ok(figures.length > 0);
    for (const [figure, value] of figures)
      assert.ok(typeof value === 'string' || Number.isFinite(value), `${figure} is ${value}`);
  });
}

test('another build is measured beside this one', () => {
  const dist = join(import.meta.dirname, '../..');
  const { stdout, stderr, status } = run('parse', ...(SMALLEST['parse'] ?? []), '--against', dist, '--turns', '2');
  assert.equal(status, 0, stderr);
  const figures = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, number>;
  for (const figure of ['lines_per_cpu_s', 'lines_per_cpu_s_against', 'lines_per_cpu_s_ratio']) {
    assert.ok((figures[figure] ?? 0) > 0, figure);
  }
});

for (const { args, says } of [
  {
    args: ['sideways'],
    says: /no bench sideways; there are backlog, block-latency, blocks-day, detect, fleet, fleet-list, http, /,
  },
  { args: ['parse', '--lines', 'many'], says: /--lines takes a number/ },
  { args: ['parse', '--colour', '1'], says: /--colour/ },
]) {
  test(`bench ${args.join(' ')} is refused`, () => {
    const { stderr, status } = run(...args);
    assert.equal(status, 2);
    assert.match(stderr, says);
  });
}
