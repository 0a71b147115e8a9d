import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIST_FORMATS } from '../../core/respond/lists/formats.ts';
import { parseListSignature, parseSha256, parseSigningKey } from '../../core/respond/lists/minisign.ts';
import { CountryTree } from '../../core/respond/lists/mmdb.ts';
import { ListReader } from '../../core/respond/lists/reader.ts';
import { fuzz } from '../support/fuzz.ts';
import { bytesOfText, LIST_OPTIONS, textsOf } from '../support/lists.ts';
import { smallTree } from '../support/mmdb.ts';

const corpus = [
  '# comment\n192.0.2.1\n198.51.100.0/24 ; SBL1\r\n2001:db8::/32\n192.0.2.1-192.0.2.9\n',
  'Start\tEnd\tNetmask\n198.51.100.0\t198.51.100.255\t24\t4000\n',
  '{"cidr":"198.51.100.0/24","sblid":"SBL1"}\n{"type":"metadata"}\n',
  'create bad hash:net\nadd bad 198.51.100.0/24 timeout 5\n',
  '"ip";"x"\n"192.0.2.1";"a;b"\n::ffff:192.0.2.1;y\n',
  '<html><body>',
].map(bytesOfText);

test('whatever a list is made of, it is read or refused, and what is read is sound', () => {
  fuzz('lists', corpus, (mutator) => {
    const file = mutator.mutant();
    const format = LIST_FORMATS[mutator.below(LIST_FORMATS.length)] ?? 'auto';
    const reader = new ListReader({ ...LIST_OPTIONS, format, ...(mutator.below(2) === 0 ? { column: '2' } : {}) });
    for (let at = 0; at < file.length; ) {
      const chunk = file.subarray(at, at + 1 + mutator.below(40));
      reader.feed(chunk);
      at += chunk.length;
    }
    const read = reader.end();
    if (!read.ok) return;
    const texts = textsOf(read.value.columns);
    assert.equal(new Set(texts).size, texts.length);
    assert.ok(read.value.told.length <= 10 && read.value.bad >= read.value.told.length);
  });
});

test('a damaged country file is refused or gives networks, and comes to an end', () => {
  const sound = smallTree([
    ['198.51.100.0/24', 'DE'],
    ['203.0.113.0/24', 'FR'],
  ]);
  fuzz('mmdb', [sound], (mutator) => {
    const opened = CountryTree.open(mutator.mutant());
    if (!opened.ok) return;
    opened.value.networks('DE', (bytes, prefix) => {
      assert.ok(prefix >= 1 && prefix <= bytes.length * 8);
    });
  });
});

test('keys, signatures and checksums read or do not', () => {
  const key = 'RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3';
  const signature = `untrusted comment: x\nRUQf6LRCGA9i5${'A'.repeat(87)}\ntrusted comment: y\n${'A'.repeat(86)}==\n`;
  fuzz('signatures', [key, signature, 'ab'.repeat(32)].map(bytesOfText), (mutator) => {
    const file = mutator.mutant();
    const text = new TextDecoder().decode(file);
    const read = parseSigningKey(text);
    assert.ok(read === undefined || read.key.length === 32);
    const signed = parseListSignature(file);
    assert.ok(signed === undefined || signed.signature.length === 64);
    assert.match(parseSha256(text) ?? '0'.repeat(64), /^[0-9a-f]{64}$/);
  });
});
