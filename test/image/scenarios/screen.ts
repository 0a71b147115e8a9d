import assert from 'node:assert/strict';
import { waitFor } from '../../support/wait-for.ts';
import { GUEST } from '../network/cable.ts';
import { identityOf } from '../story/belongings.ts';
import type { Life } from '../story/life.ts';
import type { Facts, Scenario } from '../story/scenario.ts';

/** The text that the first screen shows. Lines follow each other without a break. */
const screenOf = (life: Life): Promise<string> => life.inside("tr -s ' ' </dev/vcs1");

/** Waits until the screen shows this, and keeps a picture of it. */
async function pictured(life: Life, name: string, shows: RegExp): Promise<void> {
  await waitFor(`${shows} on the screen`, async () => (shows.test(await screenOf(life)) ? true : undefined), {
    withinMs: 90_000,
    everyMs: 500,
  });
  await life.machine.screenshot(name);
}

const STATUS = /n network/;

async function screen(life: Life): Promise<Facts> {
  const { machine } = life;
  const { serial } = await identityOf(life);
  await pictured(life, 'console-status', new RegExp(`Serial ${serial}.*Mode enforcing`));
  await machine.press('n');
  await pictured(life, 'console-network', new RegExp(`${GUEST}/24.*what is on trial, t take it back; Enter:`));
  await machine.press('esc');
  await pictured(life, 'console-given-up', /Nothing was done\./);
  await machine.press('f');
  await pictured(life, 'console-factory-reset', /type the serial, as on the label, and Enter:/);
  await machine.press('a', 'b', 'c', 'ret');
  await pictured(life, 'console-refused', /That is not the serial of this appliance\. Nothing was done\./);
  assert.match(await screenOf(life), STATUS);
  return { serial };
}

export const shownOnScreen: Scenario = {
  name: 'screen',
  shows:
    'the first screen shows the status; by the keyboard, the network’s menu and the factory reset’s question can be reached and given up, and a wrong serial resets nothing',
  limit: 120,
  run: screen,
};
