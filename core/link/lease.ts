import type { Millis } from '../base/time.ts';
import type { StreamName } from './stream.ts';

/** Which controller serves a shard. */
export interface Lease {
  /** 0 to 63. */
  readonly shard: number;
  /** Name of the controller. */
  readonly holder: string;
  readonly until: Millis | 'given_back';
  readonly positions: readonly StreamPosition[];
}

/** The last item of a stream that a controller took. */
export interface StreamPosition {
  /** Serial. */
  readonly appliance: string;
  readonly stream: StreamName;
  readonly epoch: string;
  /** 0: none yet. */
  readonly sequence: number;
}
