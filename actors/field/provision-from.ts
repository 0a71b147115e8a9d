import type { Ok } from '../../core/base/result.ts';
import { LARGEST_CONFIG } from '../../core/config/read.ts';
import { PARSER_NAMES } from '../../core/event/parsers.ts';
import { systemClock, systemRandom } from '../clock/index.ts';
import { readHandedOver } from '../host-integration/config-file/index.ts';
import { keepPrivate, readInput } from './effects.ts';
import { type Provisioned, type ProvisionFailure, provision } from './provision.ts';

export interface HandedOver {
  /** `-` is standard input. */
  readonly file: string;
  /** Absolute. */
  readonly stateDir: string;
  readonly origin: string;
  /** Whoever hands it over marks it as used afterwards; see `ProvisionRequest`. */
  readonly isMarkedLater: boolean;
}

/** `provision` of a file, in the real world; what it makes is for its own user alone. Logs nothing. */
export async function provisionFrom({
  file,
  stateDir,
  origin,
  isMarkedLater,
}: HandedOver): Promise<Ok<Provisioned> | ProvisionFailure> {
  keepPrivate();
  const read = file === '-' ? await readInput(LARGEST_CONFIG + 1) : await readHandedOver(file);
  if (!read.ok) return read;
  const name = file === '-' ? 'bartizan.yaml' : file;
  const deps = { clock: systemClock, random: systemRandom, log: () => {}, parsers: PARSER_NAMES };
  return provision({ bytes: read.value, name, origin, stateDir, isMarkedLater }, deps);
}
