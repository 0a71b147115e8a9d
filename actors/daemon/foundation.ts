import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { lengthOf, parseListen } from '../../core/config/formats.ts';
import type { Config } from '../../core/config/settings.ts';
import type { Mode } from '../../core/respond/mode.ts';
import { type AuditLog, openAudit } from '../audit/index.ts';
import {
  type CertificateFiles,
  type Device,
  type OpenedIdentity,
  openDeviceIdentity,
  openIdentity,
  TLS_FOLDER,
} from '../identity/index.ts';
import { openStore, type Store, type StoreDamage } from '../store/index.ts';
import { type Kernel, openKernel } from './kernel.ts';
import { tokensOf } from './tokens.ts';

/** What must be open before anything can be made; a failure of any is the end of the start. */
export interface Foundation {
  readonly store: Store;
  readonly identity: OpenedIdentity;
  /** Who this device is; a failure leaves the appliance guarding without an identity. */
  readonly device: Result<Device, string>;
  readonly audit: AuditLog;
  readonly kernel: Kernel;
  /** Damage to the store so far, and from now on. */
  readonly damage: DamageBox;
}

export interface FoundationDeps {
  readonly mode: Mode;
  readonly config: Config;
  /** Absolute. */
  readonly stateDir: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Keeps what the store has to say until somebody can make findings of it. */
export class DamageBox {
  readonly #kept: StoreDamage[] = [];
  #tell: ((damage: StoreDamage) => void) | undefined;

  readonly put = (damage: StoreDamage): void => {
    if (this.#tell === undefined) this.#kept.push(damage);
    else this.#tell(damage);
  };

  open(tell: (damage: StoreDamage) => void): void {
    this.#tell = tell;
    for (const damage of this.#kept.splice(0)) tell(damage);
  }
}

/** Opens the store, who may come in, the audit log and the kernel's door, in this order; on failure closes what is open. */
export async function lay(deps: FoundationDeps): Promise<Result<Foundation, 'failed'>> {
  const { stateDir, clock, log } = deps;
  const made = await makeStateDirectory(stateDir);
  if (!made.ok) return made;
  const damage = new DamageBox();
  const store = await openStore({ stateDirectory: stateDir, clock, log, onDamage: damage.put });
  if (!store.ok) return fail('failed', store.public, store.cause);
  const close = async (refusal: { readonly public: string; readonly cause?: unknown }) => {
    await store.value.service.stop();
    return fail('failed', refusal.public, refusal.cause);
  };
  const kernel = await openKernel(deps);
  if (!kernel.ok) return close(kernel);
  const identity = await identityOf(deps, store.value);
  if (!identity.ok) {
    await kernel.value.nft.close();
    return close(identity);
  }
  const device = await openDeviceIdentity({ stateDirectory: stateDir, random: deps.random, log });
  if (!device.ok) log('error', 'the device has no identity', { reason: device.public });
  const signer = device.ok ? { signer: device.value.key } : {};
  const audit = await openAudit({ store: store.value.port, log, ...signer });
  if (!audit.ok) {
    await kernel.value.nft.close();
    return close(audit);
  }
  return ok({
    store: store.value,
    identity: identity.value,
    device,
    audit: audit.value,
    kernel: kernel.value,
    damage,
  });
}

/** State holds keys and the control socket: nobody but its owner may enter. */
async function makeStateDirectory(path: string): Promise<Result<void, 'failed'>> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    return ok(undefined);
  } catch (thrown) {
    return fail('failed', `state_dir ${path} cannot be made: ${messageOf(thrown)}`, thrown);
  }
}

function identityOf({ config, stateDir, clock, random, log }: FoundationDeps, store: Store) {
  const listen = parseListen(config.webui.listen);
  return openIdentity({
    store: store.port,
    clock,
    random,
    log,
    tlsDirectory: join(stateDir, TLS_FOLDER),
    hostname: config.hostname,
    listen: listen.ok ? [listen.value.host] : [],
    tlsNames: config.webui.tls_names,
    ...tlsFiles(config),
    tokens: tokensOf(config.webui),
    sessions: { idle: lengthOf(config.webui.session_idle), lifetime: lengthOf(config.webui.session_lifetime) },
  });
}

/** Both or none: the config has seen to that. */
function tlsFiles({ webui: { tls_cert: cert, tls_key: key } }: Config): { readonly tlsFiles?: CertificateFiles } {
  return cert === undefined || key === undefined ? {} : { tlsFiles: { cert, key } };
}
