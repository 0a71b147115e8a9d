import type { Component } from '../../core/base/component.ts';
import type { Result } from '../../core/base/result.ts';
import type { Millis } from '../../core/base/time.ts';
import type { Pending } from '../../core/change/changes.ts';
import { parseListen } from '../../core/config/formats.ts';
import type { DeviceIdentity } from '../../core/field/device.ts';
import type { ClaimState, StatusPageFacts } from '../../core/field/status-page.ts';
import type { Mode } from '../../core/respond/mode.ts';
import type { Machine } from '../field/index.ts';
import { authorityFingerprint, hostAddresses, type OpenedIdentity } from '../identity/index.ts';

/** What the page is made of, as the daemon has it. */
export interface StatusPageParts {
  readonly version: string;
  readonly hostname: string;
  readonly machine: Machine;
  readonly device: Result<DeviceIdentity, string>;
  readonly identity: Pick<OpenedIdentity, 'claimCode' | 'claimStanding' | 'certificates'>;
  /** As configured. */
  readonly listen: string;
  /** Really bound; undefined when nothing listens. */
  readonly port: number | undefined;
  readonly mode: Mode;
  readonly modeReason: string | undefined;
  readonly pending: Pending | undefined;
  readonly components: readonly Component[];
}

const MODE_TEXT: Readonly<Record<Mode, string>> = {
  observe: 'observing: the kernel is not touched',
  dry_run: "dry run: only an operator's blocks are enforced",
  enforce: 'enforcing',
};

export function statusPageFacts(parts: StatusPageParts): StatusPageFacts {
  const { version, hostname, machine, device, identity, port, mode, modeReason, pending, components } = parts;
  const { fingerprint, source, cert } = identity.certificates.tls;
  return {
    hostname,
    version,
    isLab: machine.isLab,
    ...(machine.slot === undefined ? {} : { slot: machine.slot }),
    ...(device.ok ? { serial: device.value.serial } : { deviceTrouble: device.public }),
    claim: claimOf(identity),
    urls: port === undefined ? [] : urlsOf(parts.listen, port, hostAddresses()),
    ...(port === undefined ? { listenTrouble: troubleOf(components, 'http') } : {}),
    fingerprint:
      source === 'own'
        ? { of: 'CA', text: authorityFingerprint(cert) ?? fingerprint }
        : { of: 'certificate', text: fingerprint },
    mode: modeReason === undefined ? MODE_TEXT[mode] : `${MODE_TEXT[mode]}, but ${modeReason}`,
    ...(pending === undefined
      ? {}
      : { trial: { summary: pending.change.summary, minutesLeft: Math.max(1, Math.ceil(pending.left / 60_000)) } }),
    unwell: components
      .filter(({ state }) => state === 'failed' || state === 'degraded')
      .sort((a, b) => Number(b.state === 'failed') - Number(a.state === 'failed')),
  };
}

function claimOf({ claimCode: code, claimStanding }: StatusPageParts['identity']): ClaimState {
  const state = claimStanding();
  if (state !== 'open') return { state };
  return code === undefined ? { state: 'expired' } : { state, code };
}

const troubleOf = (components: readonly Component[], name: string): string =>
  components.find((one) => one.name === name)?.message ?? 'it is being started';

/** Of a wildcard: each of the host's addresses that others reach, IPv4 first. */
export function urlsOf(listen: string, port: number, addresses: readonly string[]): readonly string[] {
  const parsed = parseListen(listen);
  const host = parsed.ok ? parsed.value.host : '';
  const isWildcard = host === '0.0.0.0' || host === '::';
  const reached = isWildcard ? addresses.filter((address) => !LOCAL.test(address)) : [host];
  const [v6, v4] = [true, false].map((wanted) => reached.filter((address) => address.includes(':') === wanted));
  const taken = host === '0.0.0.0' ? (v4 ?? []) : [...(v4 ?? []), ...(v6 ?? [])];
  return [...new Set(taken)].map((address) => `https://${address.includes(':') ? `[${address}]` : address}:${port}/`);
}

/** Loopback, and link-local addresses, which need a zone. */
const LOCAL = /^(?:127\.|169\.254\.|::1$|fe[89ab])/i;

/** Whether the device has an identity, as one of the components. */
export function deviceComponent(device: Result<DeviceIdentity, string>, since: Millis): Component {
  const about = { name: 'device', since, counters: {} };
  if (!device.ok) return { ...about, state: 'degraded', message: device.public };
  const { serial, keyFingerprint } = device.value;
  return { ...about, state: 'ok', detail: `serial ${serial}, key ${keyFingerprint}` };
}
