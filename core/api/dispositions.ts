import type { Result } from '../base/result.ts';
import type { Suppression } from '../incident/suppression.ts';

/** `bad_pattern`: the path pattern cannot be read. `full`: there are as many as may be. `failed`: the disk refused. */
export type SuppressRefusal = 'bad_pattern' | 'full' | 'failed';

export interface SuppressRequest {
  readonly check: string;
  readonly pathPattern?: string;
  readonly reason: string;
  /** Name of the principal. */
  readonly actor: string;
}

/** What operators said of findings. What resolves well is durable. */
export interface Dispositions {
  /** Oldest first. */
  suppressions(): readonly Suppression[];
  /** One that stands already for the same check and paths is kept as it is and returned. */
  suppress(request: SuppressRequest): Promise<Result<Suppression, SuppressRefusal>>;
  /** One that does not exist is no error. What it suppressed so far stays marked. */
  unsuppress(id: string): Promise<Result<void, 'failed'>>;
  /** Takes the active groups whose newest finding `key` names out of view. @returns how many */
  dismiss(key: string, actor: string): Promise<Result<number, 'failed'>>;
}
