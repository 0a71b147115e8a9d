/** Thousands of logs that come, go, are rotated and swapped, through the whole daemon. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Daemon, stateDir } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { component } from '../support/watching.ts';

const FILES = 2000;

test('2,000 logs under one pattern: each line once, through rotation by rename and by copy, swapped links, leftovers and junk', async () => {
  await using daemon = new Daemon(await stateDir());
  const sites = join(daemon.state, 'sites');
  await daemon.configure(`
webui: { listen: '127.0.0.1:${await freePort()}' }
watchers: { files: [{ path: '${sites}/*/auth.log*', parser: sshd }] }
`);
  let ports = 0;
  let written = 0;
  const line = (): string => {
    written++;
    const at = new Date().toISOString();
    return `${at} edge sshd[7]: Connection from 192.0.2.7 port ${1 + (ports++ % 65_000)} on 192.0.2.1 port 22 rdomain ""\n`;
  };
  const log = (i: number): string => join(sites, String(i), 'auth.log');
  const make = (i: number): void => {
    mkdirSync(join(sites, String(i)), { recursive: true });
    writeFileSync(log(i), line());
  };
  const read = (events: number) =>
    component(daemon, 'pipeline', ({ counters }) => (counters['events'] ?? 0) >= events).then(({ counters }) =>
      assert.equal(counters['events'], events),
    );
  for (let i = 0; i < FILES; i++) make(i);
  // Compressed already, and binary: neither is read, the one is passed over, the other counted.
  writeFileSync(`${log(0)}.2.gz`, gzipSync(line().repeat(3)));
  written -= 1;
  await daemon.start();
  await read(written);

  for (let i = 0; i < FILES; i++) appendFileSync(log(i), line());
  await read(written);

  for (let i = 0; i < 50; i++) {
    renameSync(log(i), `${log(i)}.1`);
    appendFileSync(`${log(i)}.1`, line());
    writeFileSync(log(i), line());
  }
  for (let i = 50; i < 100; i++) {
    copyFileSync(log(i), `${log(i)}.1`);
    truncateSync(log(i));
    appendFileSync(log(i), line());
  }
  for (let i = 100; i < 150; i++) rmSync(join(sites, String(i)), { recursive: true });
  for (let i = FILES; i < FILES + 50; i++) make(i);
  await read(written);

  for (let i = 0; i < 50; i++) {
    writeFileSync(`${log(i)}.1.gz`, gzipSync(Buffer.from('what was there')));
    rmSync(`${log(i)}.1`);
    appendFileSync(log(i), line());
  }
  const target = join(daemon.state, 'elsewhere.log');
  writeFileSync(target, line());
  rmSync(log(150));
  symlinkSync(target, log(150));
  appendFileSync(log(151), `${'x'.repeat(256 * 1024 + 1)}\n${line()}`);
  appendFileSync(log(152), Buffer.concat([Buffer.from([0, 1, 2, 0xff, 10]), Buffer.from(line())]));
  await read(written);
  const { counters } = await component(daemon, 'pipeline', () => true);
  assert.deepEqual([counters['unparsed too-long'], counters['unparsed binary']], [1, 1]);

  await daemon.stop();
  for (let i = 500; i < 600; i++) appendFileSync(log(i), line());
  await daemon.start();
  await read(100);
});
