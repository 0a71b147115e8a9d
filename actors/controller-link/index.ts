/** The appliance's end of the controller link; loaded where a controller is configured, not before. */
import { join } from 'node:path';
import type { Result } from '../../core/base/result.ts';
import type { Device } from '../identity/index.ts';
import { systemFiles } from '../identity/index.ts';
import { askServer } from './ask-server.ts';
import { Enrolment } from './enrolment.ts';
import { CONTROLLER_FOLDER, IdentityFiles } from './identity-file.ts';
import { ControllerLink, type LinkParts } from './link.ts';
import type { BrokerPort } from './port.ts';

export type { EnrolmentFailure } from './enrolment.ts';
export type { SourceItem, StreamSource } from './feed.ts';
export { CONTROLLER_FOLDER, type LinkIdentity } from './identity-file.ts';
export type { IncidentKey, IncidentSource } from './incident-feed.ts';
export type { ControllerLink, OrdersLink } from './link.ts';
export { nobody } from './nobody.ts';
export type { By, Deeds, DesiredDesk, FleetListDesk, OrderNote, OrdersDesk, Outcome, Proposed } from './orders/desk.ts';
export { Orders, type OrdersDeps } from './orders/orders.ts';
export type { Incoming, LinkOrders, LinkUp, OrdersReport, Outgoing, Priority, SendFailure } from './port.ts';
export type { ReplayFailure } from './replays.ts';
export type { OwnReport } from './report.ts';
export { auditSource, findingSource, wireFinding, wireIncident } from './sources.ts';

export type ControllerLinkParts = Omit<LinkParts, 'files' | 'enrolment' | 'brokers'> & {
  readonly stateDirectory: string;
  readonly device: Result<Pick<Device, 'serial' | 'key'>, string>;
};

/** MQTT is loaded with the first connection: who only asks how things stand has no need of it. */
const brokers: BrokerPort = {
  connect: async (request) => (await import('./mqtt.ts')).mqttBrokers.connect(request),
};

/** Over real sockets, with its files below the state directory. */
export function controllerLink({ stateDirectory, device, ...parts }: ControllerLinkParts): ControllerLink {
  const { version, clock, log, settings } = parts;
  const files = new IdentityFiles(systemFiles, join(stateDirectory, CONTROLLER_FOLDER));
  const proxy = () => settings().proxy;
  const enrolment = new Enrolment({ files, ask: askServer, device, version, clock, log, proxy });
  return new ControllerLink({ ...parts, files, enrolment, brokers });
}
