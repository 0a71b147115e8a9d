import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type CountryResponse, Reader } from 'mmdb-lib';
import { countryFiles } from '../../actors/lists/country.ts';
import { generationFolder, type ReadSource, sourceReader } from '../../actors/lists/index.ts';
import { httpsFetch } from '../../actors/outbound/index.ts';
import { fromBytes } from '../../core/base/ip.ts';
import { fail } from '../../core/base/result.ts';
import { millis } from '../../core/base/time.ts';
import { type ListSpec, listSpecsOf } from '../../core/config/lists-setting.ts';
import { countOf, lists } from '../../core/respond/lists/columns.ts';
import { cidrs } from '../support/cidrs.ts';
import { ListServer } from '../support/list-server.ts';
import { columnsFrom, textsOf } from '../support/lists.ts';
import { seeded } from '../support/random.ts';
import { loaded } from '../unit/core/config/surroundings.ts';

let server: ListServer;
let folder: string;
before(async () => {
  server = await ListServer.open();
  folder = mkdtempSync(join(tmpdir(), 'bartizan-lists-'));
  writeFileSync(join(folder, 'ca.pem'), server.authority.cert);
});
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const read = sourceReader({ fetch: httpsFetch(async () => [{ address: '127.0.0.1', family: 4 }]) });

const specOf = (about: Readonly<Record<string, unknown>>): ListSpec => {
  const [spec] = listSpecsOf(loaded(`lists: [${JSON.stringify({ name: 'bad', ...about })}]\n`).config);
  assert.ok(spec);
  return spec;
};

/** What a source came to: its entries, `unchanged`, or the refusal. */
async function readIt(about: Readonly<Record<string, unknown>>, mark?: Parameters<ReadSource>[1]) {
  const found = await read(specOf(about), mark, { allowPrivate: cidrs('127.0.0.1'), ca: join(folder, 'ca.pem') });
  if (!found.ok) return { text: `${found.code}: ${found.public}`, mark };
  if (found.value.kind === 'unchanged') return { text: 'unchanged', mark };
  return { text: textsOf(found.value.reading.columns).join(' '), mark: found.value.mark };
}

test('a list of the web is asked for again only when it has changed', async () => {
  server.answers.set('/list', ({ headers }, response) => {
    const isKnown = headers['if-none-match'] === '"v1"';
    response.writeHead(isKnown ? 304 : 200, { etag: '"v1"' }).end(isKnown ? '' : '198.51.100.1\n');
  });
  const first = await readIt({ source: server.url('/list') });
  assert.equal(first.text, '198.51.100.1');
  assert.equal((await readIt({ source: server.url('/list') }, first.mark)).text, 'unchanged');
  server.text('/dated', '198.51.100.2\n', { 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' });
  const dated = await readIt({ source: server.url('/dated') });
  await readIt({ source: server.url('/dated') }, dated.mark);
  assert.equal(server.asked.at(-1)?.headers['if-modified-since'], 'Thu, 01 Jan 2026 00:00:00 GMT');
});

test('what is no list is refused: a page, nothing at all, more than is taken', async () => {
  server.text('/page', '<html>Please log in</html>');
  server.text('/empty', '');
  server.text('/many', '198.51.100.1\n198.51.100.2\n');
  assert.match((await readIt({ source: server.url('/page') })).text, /^refused: it is a web page/);
  assert.match((await readIt({ source: server.url('/empty') })).text, /^refused: it is empty/);
  assert.match(
    (await readIt({ source: server.url('/many'), max_entries: 1 })).text,
    /^refused: it has more than 1 entries/,
  );
  assert.match((await readIt({ source: server.url('/gone') })).text, /^unreachable: .*404/);
});

test('a checksum beside the list must be the list’s', async () => {
  const text = '198.51.100.1\n';
  const about = { source: server.url('/summed'), sha256_url: server.url('/summed.sha256') };
  server.text('/summed', text);
  server.text('/summed.sha256', `${createHash('sha256').update(text).digest('hex')}  summed\n`);
  assert.equal((await readIt(about)).text, '198.51.100.1');
  server.text('/summed', '203.0.113.1\n');
  assert.match((await readIt(about)).text, /^refused: its SHA-256 is/);
  server.text('/summed.sha256', '<html>');
  assert.match((await readIt(about)).text, /^refused: .*no SHA-256/);
});

const rawKey = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' }).subarray(-32);

test('a signature beside the list must be by the key: bare ones, and those of minisign', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const text = Buffer.from('198.51.100.1\n');
  const bare = sign(null, text, privateKey);
  const [source, signature_url] = [server.url('/signed'), server.url('/signed.sig')];
  const about = { source, signature_url, public_key: rawKey(publicKey).toString('base64') };
  server.text('/signed', text);
  for (const file of [bare, bare.toString('base64'), bare.toString('hex')]) {
    server.text('/signed.sig', file);
    assert.equal((await readIt(about)).text, '198.51.100.1');
  }
  const [id, trusted] = [Buffer.from('01020304050607ff', 'hex'), 'timestamp:1'];
  const minisignKey = Buffer.concat([Buffer.from('Ed'), id, rawKey(publicKey)]).toString('base64');
  const hashed = sign(null, createHash('blake2b512').update(text).digest(), privateKey);
  for (const [algorithm, signature] of [
    ['ED', hashed],
    ['Ed', bare],
  ] as const) {
    const global = sign(null, Buffer.concat([signature, Buffer.from(trusted)]), privateKey);
    const line = Buffer.concat([Buffer.from(algorithm), id, signature]).toString('base64');
    const file = (comment: string) =>
      `untrusted comment: x\n${line}\ntrusted comment: ${comment}\n${global.toString('base64')}\n`;
    server.text('/signed.sig', file(trusted));
    assert.equal((await readIt({ ...about, public_key: minisignKey })).text, '198.51.100.1');
    server.text('/signed.sig', file('forged'));
    assert.match((await readIt({ ...about, public_key: minisignKey })).text, /^refused: .*trusted comment/);
  }
  server.text('/signed.sig', bare);
  server.text('/signed', '203.0.113.1\n');
  assert.match((await readIt(about)).text, /^refused: its signature is wrong/);
});

test('a file is read again when it was replaced, plain or packed', async () => {
  const path = join(folder, 'list.txt');
  writeFileSync(path, '198.51.100.1\n');
  const first = await readIt({ source: path });
  assert.equal(first.text, '198.51.100.1');
  assert.equal((await readIt({ source: path }, first.mark)).text, 'unchanged');
  writeFileSync(`${path}.new`, gzipSync('198.51.100.2\n'));
  renameSync(`${path}.new`, path);
  assert.equal((await readIt({ source: path }, first.mark)).text, '198.51.100.2');
  assert.match((await readIt({ source: join(folder, 'none') })).text, /^unreachable: ENOENT/);
  assert.match((await readIt({ source: folder })).text, /^(?:refused|unreachable): /);
  writeFileSync(path, gzipSync('0'.repeat(3_000_000)));
  assert.match(
    (await readIt({ source: path, max_bytes: 100_000 })).text,
    /longer than 100000 bytes when it is unpacked/,
  );
});

test('nothing is read from below a closed directory, whatever link leads there, and no line of a file is told', async () => {
  const closed = join(folder, 'closed');
  mkdirSync(closed);
  writeFileSync(join(closed, 'list'), '198.51.100.1\n');
  symlinkSync(join(closed, 'list'), join(folder, 'link'));
  symlinkSync(closed, join(folder, 'way'));
  const guarded = sourceReader({ fetch: httpsFetch(), closed: [join(folder, 'way'), '/none'] });
  for (const source of [join(closed, 'list'), join(folder, 'link'), join(folder, 'way', 'list')]) {
    const found = await guarded(specOf({ source }), undefined, { allowPrivate: [] });
    assert.match(found.ok ? '' : `${found.code}: ${found.public}`, /^refused: no list is read from below/, source);
  }
  const secret = join(folder, 'secret');
  writeFileSync(secret, 's3cr3t\n');
  assert.equal(
    (await readIt({ source: secret, format: 'plain' })).text,
    'refused: 1 lines of it cannot be read and 0 can, the first of them is line 1',
  );
});

test('a country’s networks are those that lookups in the shipped data tell', async () => {
  const found = await read(specOf({ source: 'country:LI', widest_v4: 0 }), undefined, { allowPrivate: [] });
  assert.ok(found.ok && found.value.kind === 'list');
  const { columns } = found.value.reading;
  assert.ok(countOf(columns)[4].networks > 20 && countOf(columns)[6].networks > 5);
  const files = countryFiles();
  assert.ok(files.ok);
  const random = seeded();
  for (const [i, family] of ([4, 6] as const).entries()) {
    const reader: Reader<CountryResponse> = new Reader(readFileSync(files.value[i] ?? ''));
    const { networks, prefixes } = columns[family];
    const width = family === 4 ? 4 : 16;
    const tried = Array.from({ length: 500 }, (_, n) => {
      const bytes = Uint8Array.from({ length: width }, () => random() * 256);
      if (family === 6) bytes[0] = 0x2a;
      if (n % 2 === 0) return bytes;
      // Within a network, or right behind it.
      const at = Math.floor(random() * prefixes.length);
      const near = networks.slice(at * width, (at + 1) * width);
      const last = (prefixes[at] ?? 0) - 1;
      if (random() < 0.5) near[last >> 3] = (near[last >> 3] ?? 0) ^ (0x80 >> (last & 7));
      return near;
    });
    for (const bytes of tried) {
      const ip = fromBytes(bytes);
      if (ip.family !== family) continue;
      assert.equal(
        lists(columns, ip),
        (reader.get(ip.text) as { country_code?: string } | null)?.country_code === 'LI',
        ip.text,
      );
    }
  }
});

test('absent country data are said to be', async () => {
  const absent = sourceReader({
    fetch: httpsFetch(),
    countryFiles: () => fail('unreachable', 'the shipped GeoIP data are absent'),
  });
  const found = await absent(specOf({ source: 'country:LI' }), undefined, { allowPrivate: [] });
  assert.match(found.ok ? '' : found.public, /absent/);
});

test('generations are kept whole; what is damaged in any place is not taken up', async () => {
  const path = join(folder, 'kept');
  const store = generationFolder(path);
  const list = { name: 'bad', id: 'bad /x' };
  const columns = columnsFrom('198.51.100.1\n198.51.101.0/24\n2001:db8::1\n2001:db8:1::/48');
  const mark = { etag: '"v1"' };
  const generation = { id: list.id, number: 3, columns, fetchedAt: millis(5), mark, bad: 1, wide: 2 };
  assert.deepEqual(await store.load(list), {});
  await store.save(list, generation);
  assert.deepEqual((await store.load(list)).generation, generation);
  assert.notEqual((await store.load({ ...list, id: 'bad /y' })).generation, generation);
  const [name = ''] = readdirSync(path);
  const file = readFileSync(join(path, name));
  for (let at = 0; at < file.length; at += 7) {
    const broken = Buffer.from(file);
    broken[at] = (broken[at] ?? 0) ^ 1;
    writeFileSync(join(path, name), broken);
    assert.ok((await store.load(list)).damaged, `byte ${at}`);
  }
  writeFileSync(join(path, name), file.subarray(0, 50));
  assert.ok((await store.load(list)).damaged);
  await store.prune([]);
  assert.deepEqual(readdirSync(path), []);
});
