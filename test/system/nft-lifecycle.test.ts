import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { NftResult } from '../../native/nft/port.ts';
import { refused } from '../contract/nft-suite-ground.ts';
import { NetworkNamespace, namespacesUnavailable } from '../support/network-namespace.ts';
import { AS_NOBODY, noOutsider } from '../support/outsider.ts';

const CHILD = fileURLToPath(new URL('./nft-child.js', import.meta.url));
const NOBODY = [...AS_NOBODY, '--bounding-set=-all'];

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly errors: string;
}

describe('the life of a port', { skip: namespacesUnavailable() }, () => {
  let namespace: NetworkNamespace;
  before(() => {
    namespace = new NetworkNamespace('lives');
  });
  after(() => namespace?.dispose());

  function live(life: string, as: readonly string[] = []): Promise<Ended> {
    const command = [
      ...as,
      process.execPath,
      '--expose-gc',
      '--disallow-code-generation-from-strings',
      CHILD,
      life,
      namespace.name,
    ];
    const child = spawn(command[0] ?? '', command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (data) => {
      output += data;
    });
    child.stderr.on('data', (data) => {
      errors += data;
    });
    return new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal, output, errors })));
  }

  for (const [life, what] of [
    ['collected', 'a port that nobody holds any more is collected, its thread and sockets with it'],
    ['watched', 'a port with a watch that nobody holds any more is collected, its threads and sockets with it'],
    ['closed', 'closing a port in the midst of loads ends them, and leaves no thread and no file'],
    ['pending', 'a call under way outlives the last reference to its port'],
    ['reopened', 'opening and closing 300 times leaves no thread and no file'],
    ['idle', 'an open port does not keep the process alive'],
    ['workers', 'worker threads may end or be ended with calls, loads and watches under way'],
  ] as const) {
    test(what, async () => {
      const ended = await live(life);
      assert.deepEqual([ended.code, ended.signal], [0, null], ended.errors);
    });
  }

  test('a call under way keeps the process until it is answered', async () => {
    const ended = await live('answered');
    assert.deepEqual([ended.code, ended.output], [0, '{"ok":true}\n'], ended.errors);
  });

  for (const [life, what] of [
    ['exit', 'calls under way'],
    ['exit_loading', 'a load and a watch under way'],
  ] as const) {
    test(`process.exit with ${what} ends with its own code`, async () => {
      const ended = await live(life);
      assert.deepEqual([ended.code, ended.signal], [7, null], ended.errors);
    });
  }

  test('an uncaught exception with calls under way ends with code 1 and its own words', async () => {
    const ended = await live('crash');
    assert.deepEqual([ended.code, ended.signal], [1, null]);
    assert.match(ended.errors, /planned/);
  });

  test('without privileges every call says what it needs, and local addresses are still read', {
    skip: noOutsider,
  }, async () => {
    const ended = await live('unprivileged', NOBODY);
    assert.equal(ended.code, 0, ended.errors);
    const { localAddresses, enter, ...calls } = JSON.parse(ended.output) as Record<string, NftResult<unknown>>;
    assert.ok(localAddresses?.ok);
    assert.ok(enter !== undefined);
    assert.match(refused(enter, 'denied').public, /CAP_SYS_ADMIN/);
    assert.equal(Object.keys(calls).length, 11);
    for (const result of Object.values(calls)) {
      const failure = refused(result, 'denied');
      assert.equal(failure.errno, 1);
      assert.match(failure.public, /CAP_NET_ADMIN.*root/);
    }
  });
});
