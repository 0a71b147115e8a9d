import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { chmod, link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { askOverSocket } from '../../actors/cli/socket.ts';
import { SETTINGS } from '../../core/config/settings.ts';
import { noOutsider } from '../support/outsider.ts';

const MAIN = join(import.meta.dirname, '../support/cli-main.js');
const GET_STATUS = { method: 'GET', path: '/api/v1/status' } as const;

let root = '';
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-cli-'));
});
after(() => rm(root, { recursive: true, force: true }));

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(argv: readonly string[], cwd: string) {
  const flags = ['--disallow-code-generation-from-strings'];
  return spawn(process.execPath, [...flags, MAIN, ...argv], {
    cwd,
    env: { ...process.env, BARTIZAN_TEST_PEAK: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

async function run(
  argv: readonly string[],
  options: { readonly cwd?: string; readonly input?: string } = {},
): Promise<Run> {
  const child = start(argv, options.cwd ?? root);
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, out, err: err.replace(/peak .*\n/, '') };
}

/** A server on a Unix socket for the time of one test. */
async function listening(
  path: string,
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    void text(request).then((body) => answer(request, response, body));
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

test('a command asks the socket in --state, and in ./var without it', async () => {
  const state = join(root, 'var');
  await mkdir(state);
  const seen: string[] = [];
  await using _ = await listening(join(state, 'control.sock'), (request, response, body) => {
    seen.push(`${request.method} ${request.url} ${request.headers['content-type'] ?? '-'} ${body}`);
    response.end('{"status":"blocked","ip":"192.0.2.1"}');
  });
  assert.deepEqual(await run(['block', '192.0.2.1', '--for', '1h', '--state', state]), {
    code: 0,
    out: '192.0.2.1 is blocked for 1h\n',
    err: '',
  });
  assert.equal((await run(['check', '2001:DB8::1'])).code, 0);
  assert.deepEqual(seen, [
    'POST /api/v1/block-ip application/json {"ip":"192.0.2.1","duration":"1h"}',
    'GET /api/v1/firewall/check?ip=2001%3Adb8%3A%3A1 - ',
  ]);
});

test('no socket, a stale socket, and a file in its place: it does not run, exit 3', async () => {
  const state = await mkdtemp(join(root, 'idle-'));
  const socket = join(state, 'control.sock');
  const expected = {
    code: 3,
    out: '',
    err: `bartizan: Bartizan is not running: nobody answers at ${socket}. Is it another --state?\n`,
  };
  assert.deepEqual(await run(['status', '--state', state]), expected);
  const left = createSocketServer().listen(join(state, 'other'));
  await once(left, 'listening');
  // A link keeps the socket's name alive when its server removes its own: what a killed daemon leaves.
  await link(join(state, 'other'), socket);
  left.close();
  await once(left, 'close');
  assert.deepEqual(await run(['status', '--state', state]), expected);
  await rm(socket);
  await writeFile(socket, '');
  assert.deepEqual(await run(['status', '--state', state]), expected);
});

test('a user who may not open the socket is told so', { skip: noOutsider }, async () => {
  const state = await mkdtemp(join(root, 'closed-'));
  await chmod(root, 0o755);
  await chmod(state, 0o755);
  const socket = join(state, 'control.sock');
  await using _ = await listening(socket, (_request, response) => response.end('{}'));
  await chmod(socket, 0o600);
  const script = `process.setgid(65534); process.setuid(65534);
    const { askOverSocket } = await import(${JSON.stringify(join(import.meta.dirname, '../../actors/cli/socket.js'))});
    console.log(JSON.stringify(await askOverSocket(${JSON.stringify(socket)}, ${JSON.stringify(GET_STATUS)})));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const answer = JSON.parse(await text(child.stdout));
  assert.equal(answer.code, 'denied');
  assert.equal(answer.public, `${socket} may be opened by root only`);
});

for (const { name, answer, gives } of [
  {
    name: 'an error with its status',
    answer: (response: ServerResponse) => response.writeHead(503).end('{"error":"observing"}'),
    gives: { ok: true, value: { status: 503, body: { error: 'observing' } } },
  },
  {
    name: 'an error in plain text',
    answer: (response: ServerResponse) => response.writeHead(429).end('Rate limit exceeded'),
    gives: { ok: true, value: { status: 429, body: null } },
  },
  {
    name: 'no body',
    answer: (response: ServerResponse) => response.writeHead(204).end(),
    gives: { ok: true, value: { status: 204, body: null } },
  },
]) {
  test(`the socket client takes ${name}`, async () => {
    const path = join(root, `${name.replaceAll(' ', '-')}.sock`);
    await using _ = await listening(path, (_request, response) => answer(response));
    assert.deepEqual(await askOverSocket(path, GET_STATUS), gives);
  });
}

for (const { name, answer, says } of [
  { name: 'text for JSON', answer: (response: ServerResponse) => response.end('<html>'), says: /not JSON/ },
  {
    name: 'half an answer',
    answer: (response: ServerResponse) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"a":', () => response.destroy());
    },
    says: /the connection broke/,
  },
  { name: 'a hang-up', answer: (response: ServerResponse) => response.destroy(), says: /the connection broke/ },
  { name: 'silence', answer: () => undefined, says: /did not answer in time/ },
]) {
  test(`the socket client survives ${name}`, async () => {
    const path = join(root, `${name.replaceAll(' ', '-')}.sock`);
    await using _ = await listening(path, (_request, response) => answer(response));
    const result = await askOverSocket(path, GET_STATUS, 300);
    assert.ok(!result.ok);
    assert.equal(result.code, 'failed');
    assert.match(result.public, says);
  });
}

test('parse reads standard input, a file, and says why it cannot', async () => {
  const input = await run(['parse', '-', '--parser', 'sshd'], { input: 'a\nb\n' });
  assert.equal(input.out.trimEnd().split('\n').length, 2);
  assert.equal(input.err, '2 lines, 2 events\n');
  const file = join(root, 'some.log');
  await writeFile(file, 'a\nb\nc\n');
  assert.equal((await run(['parse', file, '--parser', 'sshd'])).err, '3 lines, 3 events\n');
  const none = await run(['parse', join(root, 'none'), '--parser', 'sshd']);
  assert.deepEqual([none.code, none.err], [1, `bartizan: ${root}/none cannot be read: ENOENT\n`]);
  const directory = await run(['parse', root, '--parser', 'sshd']);
  assert.deepEqual([directory.code, directory.err], [1, `bartizan: ${root} is a directory\n`]);
});

test('a reader that goes away ends the command at once, without an error', async () => {
  const child = start(['parse', '/dev/zero', '--parser', 'sshd'], root);
  child.kill();
  await once(child, 'close');
  const endless = start(['parse', '-', '--parser', 'sshd'], root);
  endless.stdin.on('error', () => undefined);
  const feed = (): void => {
    while (endless.stdin.write('line\n'.repeat(10_000)));
  };
  endless.stdin.on('drain', feed);
  feed();
  await once(endless.stdout, 'data');
  endless.stdout.destroy();
  const errors = text(endless.stderr);
  const [code] = await once(endless, 'exit');
  assert.equal(code, 0);
  assert.match(await errors, /^peak \d+ KiB\n$/);
});

test('output that cannot be written is a failure with its reason', {
  skip: process.platform !== 'linux' && 'Linux only',
}, async () => {
  const full = createWriteStream('/dev/full');
  await once(full, 'open');
  const child = spawn(process.execPath, [MAIN, 'version'], { stdio: ['ignore', full, 'pipe'] });
  assert.ok(child.stderr);
  const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  full.destroy();
  assert.equal(code, 1);
  assert.match(errors, /^bartizan: .*ENOSPC/);
});

test('a big log is read in constant memory', async () => {
  const peakOf = async (megabytes: number): Promise<number> => {
    const child = start(['replay', '-', '--parser', 'sshd'], root);
    const block = Buffer.concat([Buffer.alloc(1024 * 1024 - 1, 'x'), Buffer.from('\n')]);
    const feed = async (): Promise<void> => {
      for (let i = 0; i < megabytes; i++) if (!child.stdin.write(block)) await once(child.stdin, 'drain');
      child.stdin.end();
    };
    const [, errors] = await Promise.all([feed(), text(child.stderr), text(child.stdout)]);
    return Number(/peak (\d+)/.exec(errors)?.[1]);
  };
  // The young generation and the stream's buffers fill first; after that nothing may grow.
  const [small, large] = [await peakOf(100), await peakOf(400)];
  assert.ok(large - small < 40 * 1024, `${large} KiB for 400 MB, ${small} KiB for 100 MB`);
});

test('config-check names file, line and key, and exits with 5', async () => {
  const path = join(root, 'broken.yaml');
  await writeFile(path, 'firewall:\n  tabel: x\n', { mode: 0o600 });
  const { code, out, err } = await run(['config-check', 'broken.yaml']);
  assert.deepEqual({ code, out }, { code: 5, out: '' });
  const allowed = Object.keys(SETTINGS.firewall.settings).join(', ');
  assert.equal(err, `${path}:2:3: firewall.tabel: unknown key (did you mean "table"?); allowed: ${allowed}\n`);
  const missing = await run(['config-check', 'missing.yaml']);
  assert.deepEqual([missing.code, missing.err], [1, `bartizan: ${root}/missing.yaml: there is no such file\n`]);
});
