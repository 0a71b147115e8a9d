import type { Component } from '../../core/base/component.ts';
import { parseCidr } from '../../core/base/ip.ts';
import type { Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { needsOf } from '../../core/config/image-settings.ts';
import { factsOf } from '../../core/image/health.ts';
import { diskFinding, imageFinding } from '../appliance/index.ts';
import { systemClock } from '../clock/index.ts';
import { hostRequests } from '../host/index.ts';
import type { OpenConfig } from '../host-integration/config-file/index.ts';
import { refusedHost } from '../outbound/index.ts';
import { applianceHere, type DiskReport, type HealthReports, imageOf, type Updater } from '../updater/index.ts';
import type { DataPlane } from './data-plane.ts';
import type { Foundation } from './foundation.ts';

export interface ImageWiring {
  readonly opened: OpenConfig;
  readonly foundation: Foundation;
  readonly plane: DataPlane;
  readonly log: Log;
  readonly components: () => readonly Component[];
}

/** Updates of the appliance image, and how healthy this boot is. */
export function makeImages({ opened, foundation, plane, log, components }: ImageWiring): {
  readonly health: HealthReports;
  readonly updater: Updater;
  readonly disk: DiskReport;
} {
  const { device } = foundation;
  const config = () => opened.file.inEffect;
  const requests = hostRequests(systemClock);
  return imageOf({
    clock: systemClock,
    log,
    stateDirectory: opened.stateDir,
    here: applianceHere(device.ok ? device.value.serial : undefined),
    components,
    needs: () => needsOf(config().image),
    facts: () => factsOf(components()),
    refusedHost: (host) => refusedHost(host, networksIn(config().outbound.allow_private)),
    ask: (verb) => requests.ask(verb),
    tellOfDisk: (trouble) =>
      plane.recorder.record([diskFinding(config().hostname, trouble, systemClock.now())]).then(() => undefined),
    audit: (record) => foundation.audit.sink(record),
    alarm: (what, message) => {
      const finding = imageFinding(config().hostname, { what, message }, systemClock.now());
      plane.recorder.record([finding]).catch((cause: unknown) => {
        log('error', 'what became of the image could not be recorded', { message, error: messageOf(cause) });
      });
    },
  });
}

const networksIn = (texts: readonly string[]) =>
  texts.flatMap((text) => {
    const net = parseCidr(text);
    return net.ok ? [net.value] : [];
  });
