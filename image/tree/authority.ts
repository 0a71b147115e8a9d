import { join } from 'node:path';
import { AUTHORITY_CERTIFICATE, LAB_AUTHORITY } from '../../core/image/authority-place.ts';
import { CHECKOUT } from './checkout.ts';

/** Who signs unless another is named. */
export const LAB = join(CHECKOUT, LAB_AUTHORITY);

/** Where the authority is that signs this build, and what its image trusts. */
export interface AuthorityPlace {
  /** With the certificates and keys of who signs. */
  readonly folder: string;
  /** PEM certificate of the authority. */
  readonly certificate: string;
  /** PEM certificates that the image trusts, and that `bartizan flash` asks for. */
  readonly trusted: string;
}

/** `BARTIZAN_SIGNING_CA` names the folder, `BARTIZAN_TRUSTED_CA` the file of another authority to be trusted. */
export function authorityPlace(env: NodeJS.ProcessEnv, labFolder = LAB): AuthorityPlace {
  const folder = env['BARTIZAN_SIGNING_CA'] ?? labFolder;
  const certificate = join(folder, AUTHORITY_CERTIFICATE);
  return { folder, certificate, trusted: env['BARTIZAN_TRUSTED_CA'] ?? certificate };
}
