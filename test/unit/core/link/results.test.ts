import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandState, OrderResult } from '../../../../core/link/order.ts';
import { settledResult } from '../../../../core/link/results.ts';
import { idAt, NOW } from '../../../support/link-orders.ts';

const result = (state: CommandState): OrderResult => ({
  id: idAt(NOW, 1),
  state,
  text: '',
  at: NOW,
  code: '',
  detail: new Uint8Array(0),
});

test('the first word that something was done or not stays, whatever comes after', () => {
  const [accepted, done, refused] = [result('accepted'), result('done'), result('refused')];
  assert.equal(settledResult(undefined, accepted), accepted);
  assert.equal(settledResult(accepted, done), done);
  assert.equal(settledResult(done, refused), done);
  assert.equal(settledResult(done, accepted), done);
});
