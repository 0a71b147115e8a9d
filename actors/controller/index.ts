import { exitCode } from '../../core/cli/exit-codes.ts';
import { ALL_SHARDS, readShards } from '../../core/controller/shards.ts';
import { systemClock, systemRandom } from '../clock/index.ts';
import { createLog } from '../log/index.ts';
import { openControlServer } from './control-server.ts';
import { Controller } from './controller.ts';
import { keepHeapSmall, stopSignal } from './effects.ts';
import { placeIn } from './place.ts';
import { settingsIn } from './settings-file.ts';

export { brokerTexts, writeBrokerFiles } from './broker-files.ts';
export { askController, watchController } from './client.ts';
export { stopSignal } from './effects.ts';
export { addController, type Elsewhere, type InitOptions, initFleet, type Made, renewServers } from './init.ts';
export { CONTROLLER_STATE, type Place, placeIn } from './place.ts';
export { readYaml, settingsIn } from './settings-file.ts';
export { type SimulateOptions, type SimulationState, simulate } from './simulate.ts';

export interface ServeControllerOptions {
  /** Absolute. */
  readonly state: string;
  /** As `readShards` takes them. */
  readonly shards?: string;
  readonly exports: boolean;
}

/** Runs a controller until it is told to stop. @returns the exit code */
export async function serveController(
  { state, shards, exports }: ServeControllerOptions,
  complain: (text: string) => Promise<void>,
): Promise<number> {
  keepHeapSmall();
  const place = placeIn(state);
  const settings = await settingsIn(place);
  if (!settings.ok) {
    await complain(settings.public);
    return exitCode('config');
  }
  const preferred = shards === undefined ? undefined : readShards(shards);
  if (preferred?.ok === false) {
    await complain(`--shards: ${preferred.public}`);
    return exitCode('usage');
  }
  const { log } = createLog({ clock: systemClock, level: 'info' });
  const stop = stopSignal();
  const controller = await Controller.open({
    place,
    settings: settings.value,
    clock: systemClock,
    random: systemRandom,
    log,
    preferred: preferred?.value ?? ALL_SHARDS,
    exports,
  });
  if (!controller.ok) {
    await complain(controller.public);
    return exitCode('failed');
  }
  const control = await openControlServer(place.socket, controller.value, log);
  if (!control.ok) {
    await controller.value.stop();
    await complain(control.public);
    return exitCode('failed');
  }
  log('info', 'controller runs', { tenant: settings.value.tenant, name: settings.value.name });
  log('info', 'controller stops', { signal: await stop });
  await control.value.close();
  await controller.value.stop();
  return exitCode('ok');
}
