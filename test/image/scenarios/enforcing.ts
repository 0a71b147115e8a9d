import assert from 'node:assert/strict';
import { ATTACKER, BYSTANDER } from '../network/cable.ts';
import type { Life } from '../story/life.ts';
import type { Facts, Scenario } from '../story/scenario.ts';
import { round } from './boot.ts';

const PORT = 9443;
/** Packets need a moment to find out that nobody answers. */
const CUT_MS = 90_000;

async function block(life: Life): Promise<Facts> {
  const { cable, api } = life;
  await cable.until(ATTACKER, PORT, 'connected', CUT_MS);
  await api.tell('POST', '/api/v1/mode', { mode: 'enforce' });
  await api.until('the firewall', '/api/v1/status', ({ mode }) => (mode === 'enforce' ? true : undefined), CUT_MS);
  const begun = performance.now();
  await api.tell('POST', '/api/v1/block-ip', { ip: ATTACKER, reason: 'seen from the namespace', duration: '24h' });
  await cable.until(ATTACKER, PORT, 'no answer', CUT_MS);
  const cut = (performance.now() - begun) / 1000;
  assert.equal(await cable.connects(BYSTANDER, PORT), 'connected', 'a neighbour is not cut');
  await api.tell('POST', '/api/v1/unblock-ip', { ip: ATTACKER });
  await cable.until(ATTACKER, PORT, 'connected', CUT_MS);
  // Stays, for what has to survive.
  await api.tell('POST', '/api/v1/block-ip', { ip: ATTACKER, reason: 'to survive updates', duration: '24h' });
  await cable.until(ATTACKER, PORT, 'no answer', CUT_MS);
  return { cut_after_s: round(cut) };
}

export const blocked: Scenario = {
  name: 'block',
  shows:
    'a block is enforced in the guest: packets of a neighbour in a network namespace are dropped, those of another are not; unblocked, they come through again',
  limit: 180,
  carries: true,
  run: block,
};

const SETTINGS = '/api/v1/settings/firewall';
const TRIED = { changes: { denied_networks: ['203.0.113.0/24'] } };

async function settings(life: Life): Promise<Facts> {
  const { api } = life;
  const denied = async (): Promise<unknown> => (await api.tell('GET', SETTINGS)).values.denied_networks;
  // What cannot shut anybody out takes effect at once.
  await api.tell('POST', '/api/v1/settings/auto_response', { changes: { block_expiry: '13h' } });
  const before = await denied();
  const { change } = await api.tell('POST', SETTINGS, TRIED);
  assert.ok(change?.id, 'a change that can cut is on trial');
  await onTrial(life, change.id);
  await api.tell('POST', `/api/v1/changes/${change.id}/revert`);
  await ended(life);
  assert.deepEqual(await denied(), before, 'taken back');
  const { change: again } = await api.tell('POST', SETTINGS, TRIED);
  await onTrial(life, again.id);
  await api.tell('POST', `/api/v1/changes/${again.id}/confirm`);
  await ended(life);
  assert.deepEqual(await denied(), TRIED.changes.denied_networks, 'kept');
  return { restarts: String(change.restarts) };
}

const onTrial = (life: Life, id: string): Promise<true> =>
  life.api.until(
    'the change to be on trial',
    '/api/v1/status',
    ({ on_trial: trial }) => (trial?.id === id ? true : undefined),
    CUT_MS,
  );

const ended = (life: Life): Promise<true> =>
  life.api.until(
    'the trial to end',
    '/api/v1/status',
    ({ on_trial: trial }) => (trial === undefined ? true : undefined),
    CUT_MS,
  );

export const changed: Scenario = {
  name: 'settings',
  shows:
    'a setting that can shut somebody out goes on trial in the guest, is taken back when told so, and stays when confirmed',
  limit: 180,
  run: async (life) => settings(life),
};
