import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hidingSecretsOf, withoutUrlSecrets } from '../../../../core/base/shown-url.ts';
import { fc } from '../../../support/random.ts';

for (const [text, shown] of [
  ['https://h.example/a/b.raucb', 'https://h.example/a/b.raucb'],
  ['https://h:8443/b?token=s3cret&x=1', 'https://h:8443/b?token=***&x=***'],
  ['https://h/b?s3cret', 'https://h/b?***'],
  ['https://h/b?a=s3cret=more', 'https://h/b?a=***'],
  ['https://user:s3cret@h/b', 'https://h/b'],
  ['HTTPS://user:s3@cret@h/b#s3cret', 'HTTPS://h/b'],
  ['http://[2001:db8::1]/b?k=v', 'http://[2001:db8::1]/b?k=***'],
  [
    "Failed to download bundle http://h/x?t=s3cret: Transfer failed: Couldn't connect",
    "Failed to download bundle http://h/x?t=***: Transfer failed: Couldn't connect",
  ],
  ["Installing `http://h/x?t=a'b`c` failed", 'Installing `http://h/x?t=***` failed'],
  ['two: http://a/?b=c, https://d@e/f', 'two: http://a/?b=***, https://e/f'],
  ['stick/bundle.raucb? no=secret', 'stick/bundle.raucb? no=secret'],
] as const)
  test(`of ${text} is shown ${shown}`, () => assert.equal(withoutUrlSecrets(text), shown));

test('no query value and no password of any URL is left, whatever they are made of', () => {
  const secret = fc.stringMatching(/^s3cret[!-~]{0,20}$/).filter((text) => !/[#&/?@]/.test(text));
  fc.assert(
    fc.property(secret, secret, (value, password) => {
      const text = `cannot read http://me:${password}@h/p?token=${value}&n=1 now`;
      assert.equal(withoutUrlSecrets(text).includes('s3cret'), false);
    }),
  );
});

test('what a text repeats of a URL in pieces is hidden, too', () => {
  const hide = hidingSecretsOf('https://h/b.raucb?token=s3cret%2Fkey&n=1');
  assert.equal(hide('GET /b.raucb?token=s3cret%2Fkey&n=1 gave 403'), 'GET /b.raucb?*** gave 403');
  assert.equal(hide('key s3cret/key, or s3cret%2Fkey, is stale; 1 try'), 'key ***, or ***, is stale; 1 try');
  assert.equal(hide('https://cdn/x?sig=other'), 'https://cdn/x?sig=***');
});
