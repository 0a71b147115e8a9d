import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Accounts, LONGEST_TEXT } from '../../../../core/detect/sliding/accounts.ts';
import type { Event } from '../../../../core/event/event.ts';
import { fc } from '../../../support/random.ts';

const of = (accounts: Accounts, user: string | undefined, host: string | undefined): string | undefined =>
  accounts.of({ user, host } as Event);

test('an account is named by its user and host, however often, and whoever came between', () => {
  const accounts = new Accounts();
  const text = fc.constantFrom('root', 'ops', 'a@b', '', 'x'.repeat(300), 'h1', 'h2');
  fc.assert(
    fc.property(fc.option(text, { nil: undefined }), fc.option(text, { nil: undefined }), (user, host) => {
      const cut = (one: string): string => one.slice(0, LONGEST_TEXT);
      const wanted = user && (host === undefined ? cut(user) : `${cut(user)}@${cut(host)}`);
      assert.equal(of(accounts, user, host), user === '' && host !== undefined ? `@${cut(host)}` : wanted);
    }),
  );
});

test('more users than are remembered are named all the same', () => {
  const accounts = new Accounts();
  for (let i = 0; i < 10_000; i++) assert.equal(of(accounts, `u${i}`, 'h'), `u${i}@h`);
  assert.equal(of(accounts, 'u1', 'h'), 'u1@h');
});
