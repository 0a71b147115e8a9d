import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Accounts, LONGEST_TEXT } from '../../../../core/detect/sliding/accounts.ts';
import type { Event } from '../../../../core/event/event.ts';
import { heldBytes } from '../../../support/collect-garbage.ts';
import { fc } from '../../../support/random.ts';

const of = (accounts: Accounts, user: string | undefined, host: string | undefined): string | undefined =>
  accounts.of({ user, host } as Event);

test('an account is named by its user and host, however often, and whoever came between', () => {
  const accounts = new Accounts();
  const text = fc.constantFrom('root', 'ops', 'a@b', '', 'x'.repeat(300), 'h1', 'h2');
  fc.assert(
    fc.property(fc.option(text, { nil: undefined }), fc.option(text, { nil: undefined }), (user, host) => {
      const cut = (one: string): string => one.slice(0, LONGEST_TEXT);
      const onHost = host === undefined ? '' : `@${cut(host)}`;
      assert.equal(of(accounts, user, host), user === undefined ? undefined : cut(user) + onHost);
    }),
  );
});

test('a line whose words name an account is not kept alive by it', () => {
  const accounts = new Accounts();
  const before = heldBytes();
  for (let i = 0; i < 400; i++) {
    const line = `a-user-of-a-long-name-${i} a-host-of-a-long-name ${'x'.repeat(100_000)}${i}`;
    const [user = '', host = ''] = line.split(' ', 2);
    of(accounts, user, host);
  }
  const held = heldBytes() - before;
  assert.ok(held < 4 * 2 ** 20, `${held} bytes`);
});

test('more users than are remembered are named all the same', () => {
  const accounts = new Accounts();
  for (let i = 0; i < 10_000; i++) assert.equal(of(accounts, `u${i}`, 'h'), `u${i}@h`);
  assert.equal(of(accounts, 'u1', 'h'), 'u1@h');
});
