import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { parseListen } from '../../core/config/formats.ts';
import type { StorePort } from '../store/index.ts';
import { ensureCertificates } from './certificates.ts';
import { type ConfiguredToken, configuredTokens } from './configured-tokens.ts';
import { systemEffects } from './effects.ts';
import { serverNames } from './names.ts';
import { storedTokens } from './token-records.ts';

/** Keys and certificates, below the state directory. */
export const TLS_FOLDER = 'tls';

export interface FirstAuthorityDeps {
  readonly stateDirectory: string;
  readonly hostname: string;
  readonly webui: { readonly listen: string; readonly tls_names: readonly string[] };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/**
 * The authority that a start with this config would make, made ahead of it, or the one that is there.
 * @returns SHA-256 of its certificate, `AB:CD:…`; undefined where it cannot be made: the start will say why
 */
export async function firstAuthority(deps: FirstAuthorityDeps): Promise<string | undefined> {
  const { stateDirectory, hostname, webui, clock, random, log } = deps;
  const { files, hostAddresses } = systemEffects;
  const listen = parseListen(webui.listen);
  const names = serverNames(hostname, {
    more: webui.tls_names,
    listen: listen.ok ? [listen.value.host] : [],
    host: hostAddresses(),
  });
  const made = await ensureCertificates({
    files,
    clock,
    random,
    log,
    directory: join(stateDirectory, TLS_FOLDER),
    names,
  });
  return made.ok ? new X509Certificate(made.value.ca).fingerprint256 : undefined;
}

/** Whether a token was ever made here, which only an admin can, or one is damaged and may have been an admin's. */
export async function wasClaimed(store: StorePort, log: Log): Promise<boolean> {
  const { tokens, damaged } = await storedTokens(store, log);
  return tokens.length > 0 || damaged > 0;
}

/** Why a start with these tokens would fail; undefined when it would not. */
export async function unusableTokens(tokens: readonly ConfiguredToken[]): Promise<string | undefined> {
  const usable = await configuredTokens(tokens, systemEffects);
  return usable.ok ? undefined : usable.public;
}
