import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DAEMON_FLAGS } from '../support/daemon.ts';
import { run, scratchClone } from '../support/scratch-clone.ts';
import { writeTrial } from '../support/trial-directory.ts';

/** A provisioned clone whose built program is `program`. */
async function builtClone(t: TestContext, program: string): Promise<string> {
  const clone = scratchClone(t);
  const provisioned = await run(['sh', 'image/provision/provision'], clone).ended;
  assert.equal(provisioned.code, 0, provisioned.stderr);
  mkdirSync(join(clone, 'dist/bundle'), { recursive: true });
  writeFileSync(join(clone, 'dist/bundle/main.js'), program);
  writeFileSync(join(clone, 'dist/.built'), '');
  return clone;
}

const start = (clone: string, ...args: readonly string[]) => run(['sh', 'image/provision/run', ...args], clone);

test('the CLI gets its arguments as they were, and stdout to itself', async (t) => {
  const clone = await builtClone(t, 'console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 3;');
  assert.deepEqual(await start(clone, 'cli', 'parse', 'a file', '--x=*').ended, {
    code: 3,
    stdout: '["parse","a file","--x=*"]\n',
    stderr: '',
  });
});

test('code is not made from strings, and the pinned Node runs', async (t) => {
  const clone = await builtClone(t, "try { new Function(''); } catch (error) { console.log(error.name); }");
  assert.equal((await start(clone, 'cli').ended).stdout, 'EvalError\n');
});

test('the daemon runs under the flags that its tests give it', async (t) => {
  const clone = await builtClone(t, 'console.log(JSON.stringify(process.execArgv));');
  const { stdout } = await start(clone, 'serve').ended;
  assert.deepEqual(JSON.parse(stdout), DAEMON_FLAGS);
});

test('a daemon that asks to be started again is, five times a minute', async (t) => {
  const clone = await builtClone(t, "console.log(process.argv[2], process.argv[3] ?? ''); process.exitCode = 75;");
  const { code, stdout, stderr } = await start(clone, 'serve', '--observe').ended;
  assert.equal(code, 75);
  assert.equal(stdout, 'serve --observe\n'.repeat(6));
  assert.equal(stderr, 'bartizan: asked to be started again more than five times in a minute\n');
});

test('a daemon that ends otherwise is not started again, and its code is told', async (t) => {
  const clone = await builtClone(t, "console.log('once'); process.exitCode = 4;");
  const { code, stdout } = await start(clone, 'serve').ended;
  assert.deepEqual([code, stdout], [4, 'once\n']);
});

test('while a change is on trial a daemon that fails is started again, and the fourth start takes the change back', async (t) => {
  const clone = await builtClone(
    t,
    "const text = require('node:fs').readFileSync('var/bartizan.yaml', 'utf8'); console.log(text.trim()); process.exitCode = text === 'good\\n' ? 0 : 78;",
  );
  const config = join(clone, 'var/bartizan.yaml');
  mkdirSync(join(clone, 'var'));
  writeFileSync(config, 'bad\n');
  writeTrial(join(clone, 'var'), { files: [{ path: config, content: 'good\n' }] });
  const { code, stdout, stderr } = await start(clone, 'serve').ended;
  assert.deepEqual([code, stdout], [0, 'bad\nbad\nbad\ngood\n']);
  assert.match(stderr, /taking the change .* back: the daemon failed to start 3 times/);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  test(`${signal} reaches the daemon, which ends in its own time and stays ended`, async (t) => {
    const clone = await builtClone(
      t,
      `process.on('${signal}', () => { console.log('told'); clearInterval(idle); process.exitCode = 75; });
       const idle = setInterval(() => {}, 1000);
       console.log('ready');`,
    );
    const daemon = start(clone, 'serve');
    await daemon.said(/ready/);
    daemon.child.kill(signal);
    const { code, stdout } = await daemon.ended;
    assert.deepEqual([code, stdout], [75, 'ready\ntold\n']);
  });

test('by way of npm too a stop reaches the daemon, and the CLI has stdout to itself', async (t) => {
  const clone = await builtClone(
    t,
    `if (process.argv[2] === 'serve') {
       process.on('SIGTERM', () => { console.log('told'); clearInterval(idle); });
       const idle = setInterval(() => {}, 1000);
     }
     console.log('ready', process.argv.slice(2));`,
  );
  const cli = await run(['npm', 'run', '-s', 'bartizan', '--', 'status', '--json'], clone).ended;
  assert.equal(cli.stdout, "ready [ 'status', '--json' ]\n");

  const daemon = run(['npm', 'start', '-s', '--', '--observe'], clone);
  await daemon.said(/ready/);
  daemon.child.kill('SIGTERM');
  const { code, stdout } = await daemon.ended;
  assert.deepEqual([code, stdout], [0, "ready [ 'serve', '--observe' ]\ntold\n"]);
});

test('SIGHUP is passed on too, and the daemon goes on', async (t) => {
  const clone = await builtClone(
    t,
    `process.on('SIGHUP', () => { console.log('reloaded'); });
     process.on('SIGTERM', () => process.exit(0));
     setInterval(() => {}, 1000);
     console.log('ready');`,
  );
  const daemon = start(clone, 'serve');
  await daemon.said(/ready/);
  daemon.child.kill('SIGHUP');
  await daemon.said(/reloaded/);
  daemon.child.kill('SIGTERM');
  assert.deepEqual((await daemon.ended).code, 0);
});

for (const args of [[], ['sevre']])
  test(`refuses ${args.join() || 'to guess what to run'}`, async (t) => {
    const { code, stderr } = await start(scratchClone(t), ...args).ended;
    assert.equal(code, 2);
    assert.match(stderr, /^usage: run /);
  });
