import assert from 'node:assert/strict';
import { waitFor } from '../../support/wait-for.ts';
import type { Answer } from './guest-api.ts';
import type { Life } from './life.ts';

/** RAUC looks at the whole signature before it answers, and the guest is slow. */
const JUDGED_MS = 180_000;
const INSTALLED_MS = 480_000;
const CONFIRMED_MS = 480_000;
/** Each question is a handshake of TLS, for which an emulated processor takes the time that what is waited for needs. */
const ASKED_EVERY_MS = 4000;
/** Where the appliance may fetch from in these tests: the host, as the guest sees it. */
const HOST = '10.0.2.2/32';

/** What the guest says of its image. */
export const imageOf = (life: Life): Promise<Answer['body']> => life.api.tell('GET', '/api/v1/image');

/**
 * A short window, so that a run of all scenarios stays short; a bundle may come from the host. The time within which a good
 * version has to show itself stays long: the guest may get little of a machine that others use, too.
 */
export async function hurry({ api }: Life): Promise<void> {
  const changes = { readings: 3, stability_window: '5s' };
  await api.tell('POST', '/api/v1/settings/image', { changes });
  await api.tell('POST', '/api/v1/settings/outbound', { changes: { allow_private: [HOST] } });
}

/** What is not healthy is given up as soon as the settings allow. */
export const giveUpSoon = ({ api }: Life): Promise<unknown> =>
  api.tell('POST', '/api/v1/settings/image', { changes: { confirm_within: '1m' } });

/** Waits until this boot is confirmed, and the update that led to it, if one did, has ended in the books. */
export const confirmed = (life: Life): Promise<Answer['body']> =>
  waitFor(
    'the boot to be confirmed',
    async () => {
      const image = await imageOf(life);
      return image.confirmation?.state === 'confirmed' && image.update.phase === 'idle' ? image : undefined;
    },
    { withinMs: CONFIRMED_MS, everyMs: ASKED_EVERY_MS },
  );

/** Asks for an installation; answers when it was judged. */
export const askToInstall = ({ api }: Life, source: string): Promise<Answer> =>
  api.ask('POST', '/api/v1/image/install', { source }, JUDGED_MS);

/** Installs and waits until the other slot is written. @throws AssertionError with the guest's words */
export async function install(life: Life, source: string): Promise<Answer['body']> {
  const begun = await askToInstall(life, source);
  assert.equal(begun.status, 202, JSON.stringify(begun.body));
  return waitFor(
    'the update to be installed',
    async () => {
      const image = await imageOf(life);
      if (image.update.phase === 'installed') return image;
      assert.notEqual(image.update.phase, 'idle', `the update failed: ${JSON.stringify(image.last)}`);
      return undefined;
    },
    { withinMs: INSTALLED_MS, everyMs: ASKED_EVERY_MS },
  );
}

/** Reboots by the API; returns when the daemon is ready again. */
export async function reboot(life: Life): Promise<void> {
  life.turnPage();
  await life.api.tell('POST', '/api/v1/image/reboot');
  await life.ready();
}

/** The name under which the guest offers a bundle of a stick that was put in. */
export const bundleOnStick = (life: Life, name: string): Promise<string> =>
  waitFor(
    `the stick with ${name}`,
    async () => {
      const { media } = await imageOf(life);
      return media.find(({ source }: { source: string }) => source.endsWith(`/${name}`))?.source as string | undefined;
    },
    { withinMs: 60_000, everyMs: 500 },
  );
