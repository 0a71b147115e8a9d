import { chown } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '../../core/base/result.ts';
import {
  accessRules,
  type BrokerFiles,
  type BrokerPorts,
  mosquittoConfig,
} from '../../core/controller/broker-config.ts';
import type { ControllerSettings } from '../../core/controller/settings.ts';
import { namesIn, readIfThere, writeWhole } from './files.ts';
import type { Place } from './place.ts';

export interface BrokerTexts {
  readonly config: string;
  readonly acl: string;
}

/** mosquitto's configuration and access rules, with the paths of files in `folder`. */
export async function brokerTexts(
  place: Place,
  settings: ControllerSettings,
  ports: BrokerPorts,
  folder: string,
): Promise<BrokerTexts> {
  const controllers = await namesIn(place.controllers);
  return {
    config: mosquittoConfig(filesIn(folder), ports),
    acl: accessRules(settings, controllers.length === 0 ? [settings.name] : controllers),
  };
}

/** Writes all that mosquitto needs. @returns refused: this controller has no broker certificate */
export async function writeBrokerFiles(
  place: Place,
  settings: ControllerSettings,
  ports: BrokerPorts,
  folder: string,
): Promise<Result<readonly string[], 'refused'>> {
  const [root, issuing, cert, key, revoked] = await Promise.all(
    [place.root.cert, place.issuing.cert, place.broker.cert, place.broker.key, place.revocations].map(readIfThere),
  );
  if (root === undefined || issuing === undefined || cert === undefined || key === undefined || revoked === undefined) {
    return fail(
      'refused',
      `${place.broker.folder} holds no certificate of a broker; \`ca init\` made it on another machine`,
    );
  }
  const { config, acl } = await brokerTexts(place, settings, ports, folder);
  const files = filesIn(folder);
  await writeWhole(files.authorities, issuing + root, 0o644);
  await writeWhole(files.cert, cert, 0o644);
  await writeWhole(files.key, key, 0o600);
  await writeWhole(files.revocations, revoked, 0o644);
  await writeWhole(files.acl, acl, 0o600);
  const main = join(folder, 'mosquitto.conf');
  await writeWhole(main, config, 0o644);
  const written = [main, ...Object.values(files)];
  await hand(folder, written);
  return ok(written);
}

/** mosquitto gives up root before it reads its files, so they are made its own where it is a user here. */
async function hand(folder: string, files: readonly string[]): Promise<void> {
  const [, user, group] = /^mosquitto:[^:]*:(\d+):(\d+):/m.exec((await readIfThere('/etc/passwd')) ?? '') ?? [];
  if (user === undefined || process.getuid?.() !== 0) return;
  for (const path of [folder, ...files]) await chown(path, Number(user), Number(group));
}

const filesIn = (folder: string): BrokerFiles => ({
  authorities: join(folder, 'authorities.crt'),
  cert: join(folder, 'broker.crt'),
  key: join(folder, 'broker.key'),
  revocations: join(folder, 'revoked.crl'),
  acl: join(folder, 'acl'),
});
