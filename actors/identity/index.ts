import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { ok, type Result } from '../../core/base/result.ts';
import type { StorePort } from '../store/index.ts';
import { type CertificateFiles, type Certificates, openCertificates } from './certificate-keeper.ts';
import { ensureCertificates } from './certificates.ts';
import { type ConfiguredToken, configuredTokens } from './configured-tokens.ts';
import { type OpenedCredentials, openCredentials } from './credentials.ts';
import { type Device, type DeviceRefusal, openDevice } from './device.ts';
import { readDmi } from './dmi.ts';
import { type IdentityEffects, systemEffects } from './effects.ts';
import { serverNames } from './names.ts';
import { identityFolder } from './place.ts';
import type { SessionLimits } from './sessions.ts';

/** Addresses on this host's interfaces, of the namespace that the listeners are in. */
export const hostAddresses = (): readonly string[] => systemEffects.hostAddresses();

export { authorityFingerprint } from './authority-fingerprint.ts';
export type { CertificateFiles, Certificates } from './certificate-keeper.ts';
export type { ConfiguredToken } from './configured-tokens.ts';
export type { Device } from './device.ts';
export { fingerprintOf, isSigned } from './device-key.ts';
export { hostNetworks, type IdentityEffects, systemFiles } from './effects.ts';
export { type FilePort, writeWhole } from './files.ts';
export { firstAuthority, TLS_FOLDER, unusableTokens, wasClaimed } from './first-start.ts';
export { IDENT_PARTITION, identityFolder } from './place.ts';
export type { SessionLimits } from './sessions.ts';
export { LONGEST_TOKEN, SHORTEST_TOKEN } from './tokens.ts';
export { x509Library } from './x509-library.ts';

export interface IdentityDeps {
  readonly store: StorePort;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Usually `<state_dir>/tls`. */
  readonly tlsDirectory: string;
  /** Goes into the server certificate where it is a host name or an address. */
  readonly hostname: string;
  /** Addresses the listeners are bound to, without ports; wildcards may stand here. */
  readonly listen: readonly string[];
  /** Host names and addresses beside these under which the appliance is reached. */
  readonly tlsNames: readonly string[];
  /** The operator's own certificate, to be served instead of the appliance's. */
  readonly tlsFiles?: CertificateFiles;
  /** From the config, already checked for form; an admin token here makes the appliance count as claimed. */
  readonly tokens: readonly ConfiguredToken[];
  readonly sessions: SessionLimits;
  readonly effects?: IdentityEffects;
}

export interface OpenedIdentity extends OpenedCredentials {
  /** To be started, and its `tls` handed to the listeners, again whenever it changes. */
  readonly certificates: Certificates;
}

/** `tls`: keys or certificates are damaged or cannot be written. `token`: a configured token cannot be used. */
export type IdentityRefusal = 'tls' | 'token';

/**
 * Who may come in, and the certificate at the door. The HTTP listener needs both, so this is opened before it.
 */
export async function openIdentity(deps: IdentityDeps): Promise<Result<OpenedIdentity, IdentityRefusal>> {
  const effects = deps.effects ?? systemEffects;
  const { store, clock, random, log, tlsDirectory: directory } = deps;
  const names = () =>
    serverNames(deps.hostname, { more: deps.tlsNames, listen: deps.listen, host: effects.hostAddresses() });
  const [certificates, configured] = await Promise.all([
    openCertificates({
      clock,
      log,
      effects,
      names,
      ensure: (wanted) => ensureCertificates({ files: effects.files, clock, random, log, directory, names: wanted }),
      ...(deps.tlsFiles === undefined ? {} : { files: deps.tlsFiles }),
    }),
    configuredTokens(deps.tokens, effects),
  ]);
  if (!certificates.ok) return certificates;
  if (!configured.ok) return configured;
  const credentials = await openCredentials({
    store,
    clock,
    random,
    log,
    configured: configured.value,
    sessions: deps.sessions,
  });
  return ok({ certificates: certificates.value, ...credentials });
}

export interface DeviceIdentityDeps {
  /** Absolute. */
  readonly stateDirectory: string;
  readonly random: Random;
  readonly log: Log;
}

/** Who this device is; made at its first start, and a failure, never another one, where it is damaged. */
export async function openDeviceIdentity(deps: DeviceIdentityDeps): Promise<Result<Device, DeviceRefusal>> {
  const { stateDirectory, random, log } = deps;
  const directory = await identityFolder(stateDirectory);
  return openDevice({ files: systemEffects.files, random, log, directory, dmi: readDmi });
}
