import { fail, ok, type Result } from '../base/result.ts';
import { days, type Millis, parseDuration } from '../base/time.ts';
import { isTenant } from '../link/topics.ts';

/** What a controller is told by `controller.yaml` in its directory. */
export interface ControllerSettings {
  readonly tenant: string;
  /** This controller. */
  readonly name: string;
  /** As appliances reach them, in the order in which they are tried. */
  readonly brokers: readonly string[];
  /** As this controller reaches one; without it the first of `brokers`. */
  readonly connect: string;
  readonly enrolment: {
    /** `address:port`. */
    readonly listen: string;
    /** As appliances reach it. */
    readonly url: string;
  };
  /** Of an appliance, whole. */
  readonly certificateLifetime: Millis;
  /** Whether changes that the fleet desired are confirmed when an appliance was heard after them. */
  readonly confirms: boolean;
  /** Of a mosquitto on this machine: its own copy of the revocation list, and whom to tell that it was renewed. */
  readonly broker: { readonly revocations?: string; readonly pidFile?: string };
}

const NAME = /^[a-z0-9-]{1,32}$/;
export const isControllerName = (text: string): boolean => NAME.test(text);

const KNOWN = ['tenant', 'name', 'brokers', 'connect', 'enrolment', 'certificate_lifetime', 'confirm', 'broker'];
/** Of appliances; a controller may be on the broker's machine. */
const SECURE = /^(?:mqtts|wss):$/;
const ANY = /^(?:mqtts?|wss?):$/;

/** Reads what YAML gave. @returns failed: the first thing that is wrong, with where */
export function readSettings(raw: unknown): Result<ControllerSettings, 'config'> {
  const wrong = (where: string, what: string) => fail('config', `${where}: ${what}`);
  if (!isObject(raw)) return wrong('controller.yaml', 'is no mapping');
  const unknown = Object.keys(raw).find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) return wrong(unknown, `there is no such setting; there are ${KNOWN.join(', ')}`);
  const { tenant, name, brokers, connect, enrolment, certificate_lifetime = '180d', confirm = true } = raw;
  if (typeof tenant !== 'string' || !isTenant(tenant))
    return wrong('tenant', 'small letters, digits and -, at most 32');
  if (typeof name !== 'string' || !NAME.test(name)) return wrong('name', 'small letters, digits and -, at most 32');
  if (!Array.isArray(brokers) || brokers.length === 0 || !brokers.every((url) => isBroker(url, SECURE))) {
    return wrong('brokers', 'a list of URLs like mqtts://broker.example:8883');
  }
  const own = connect ?? brokers[0];
  if (!isBroker(own, ANY)) return wrong('connect', 'a URL like mqtts://127.0.0.1:8883');
  if (!isObject(enrolment)) return wrong('enrolment', 'a mapping of listen and url');
  const { listen, url } = enrolment;
  if (typeof listen !== 'string' || hostAndPort(listen) === undefined)
    return wrong('enrolment.listen', 'an address:port');
  if (typeof url !== 'string' || protocolOf(url) !== 'https:') return wrong('enrolment.url', 'an https URL');
  const lifetime = parseDuration(String(certificate_lifetime));
  if (!lifetime.ok || lifetime.value === 'never' || lifetime.value < days(1)) {
    return wrong('certificate_lifetime', 'a time of at least a day, e.g. 180d');
  }
  if (typeof confirm !== 'boolean') return wrong('confirm', 'true or false');
  const { broker = {} } = raw;
  if (!isObject(broker)) return wrong('broker', 'a mapping of revocations and pid_file');
  const { revocations, pid_file: pidFile, ...others } = broker;
  const [other] = Object.keys(others);
  if (other !== undefined)
    return wrong(`broker.${other}`, 'there is no such setting; there are revocations and pid_file');
  if (revocations !== undefined && typeof revocations !== 'string') return wrong('broker.revocations', 'a path');
  if (pidFile !== undefined && typeof pidFile !== 'string') return wrong('broker.pid_file', 'a path');
  return ok({
    tenant,
    name,
    brokers: brokers as string[],
    connect: own,
    enrolment: { listen, url },
    certificateLifetime: lifetime.value,
    confirms: confirm,
    broker: { ...(revocations === undefined ? {} : { revocations }), ...(pidFile === undefined ? {} : { pidFile }) },
  });
}

/** `address:port`, an IPv6 address in brackets. */
export function hostAndPort(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, six, plain, digits = ''] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = six ?? plain;
  const port = Number(digits);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

const isBroker = (text: unknown, schemes: RegExp): text is string =>
  typeof text === 'string' && schemes.test(protocolOf(text) ?? '');

function protocolOf(text: string): string | undefined {
  return URL.canParse(text) ? new URL(text).protocol : undefined;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The file as `ca init` writes it. */
export function settingsText(settings: Pick<ControllerSettings, 'tenant' | 'name' | 'brokers' | 'enrolment'>): string {
  return `# The controller of a fleet. docs/controller.md explains each of these.
tenant: ${settings.tenant}
name: ${settings.name}
# As appliances reach them, in the order in which they are tried.
brokers:
${settings.brokers.map((url) => `  - ${url}`).join('\n')}
# As this controller reaches one, where that differs.
# connect: mqtts://127.0.0.1:8883
enrolment:
  listen: ${JSON.stringify(settings.enrolment.listen)}
  url: ${settings.enrolment.url}
# certificate_lifetime: 180d
# Whether what the fleet desired is confirmed when an appliance was heard after it.
# confirm: true
# Where mosquitto runs on this machine: its copy of the revocation list, and how to tell it.
# broker:
#   revocations: /etc/mosquitto/bartizan/revoked.crl
#   pid_file: /run/mosquitto/mosquitto.pid
`;
}
