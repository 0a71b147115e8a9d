import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doorAt, NET_HAND_DOOR } from '../../../../core/base/doors.ts';

test('a config that names the door of before means the one of today', () => {
  assert.equal(doorAt('/run/bartizan/net-hand.sock'), NET_HAND_DOOR);
  assert.equal(doorAt('/srv/hand.sock'), '/srv/hand.sock');
});
