import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listSpecsOf } from '../../../../core/config/lists-setting.ts';
import { parseConfig } from '../../../../core/config/read.ts';
import { AROUND, loaded } from './surroundings.ts';

const problemsOf = (list: string): string => {
  const read = parseConfig(`lists: [{ ${list} }]\n`, 'bartizan.yaml', AROUND);
  return read.ok ? '' : read.problems.map(({ key, message }) => `${key}: ${message}`).join('\n');
};

for (const { list, says } of [
  { list: 'name: a, source: /x', says: /^$/ },
  { list: 'name: a, source: "country:DE", kind: allow', says: /^$/ },
  { list: `name: a, source: "https://x.test/a", pin: "${'ab'.repeat(32)}"`, says: /^$/ },
  { list: 'name: A, source: /x', says: /lists\[0\]\.name: must be 1 to 12 lower-case/ },
  { list: 'name: country_de, source: /x', says: /lists\[0\]\.name: is kept for firewall\.country_block/ },
  {
    list: 'name: a, source: "http://x.test/a"',
    says: /source: must be an absolute path, an https:\/\/ URL, or country:XX/,
  },
  { list: 'name: a, source: "https://u:p@x.test/a"', says: /source: must have neither credentials/ },
  { list: 'name: a, source: "country:de"', says: /source: must be an absolute path/ },
  { list: 'name: a, source: /x, column: ip', says: /column: belongs to format csv/ },
  { list: `name: a, source: /x, pin: "${'ab'.repeat(32)}"`, says: /pin: belongs to an https/ },
  { list: 'name: a, source: "https://x.test/a", signature_url: "https://x.test/s"', says: /belong together/ },
  {
    list: 'name: a, source: "https://x.test/a", signature_url: "https://x.test/s", public_key: nonsense',
    says: /public_key: must be a key of minisign or Ed25519/,
  },
] as const)
  test(`a list { ${list} }`, () => assert.match(problemsOf(list), says));

test('countries are lists of their own', () => {
  const { config } = loaded('firewall: { country_block: [XK, LI, XK] }\n');
  assert.deepEqual(
    listSpecsOf(config).map(({ name, source, kind }) => `${name} ${source} ${kind}`),
    ['country_xk country:XK block', 'country_li country:LI block'],
  );
});
