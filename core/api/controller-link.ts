import type { Result } from '../base/result.ts';
import type { Millis } from '../base/time.ts';

export const LINK_STATES = ['off', 'connecting', 'up', 'pausing', 'closing'] as const;

/** How the link to a controller stands. */
export interface ControllerLinkStatus {
  /** The settings want one. */
  readonly isEnabled: boolean;
  readonly state: (typeof LINK_STATES)[number];
  /** As whom this appliance was taken into a fleet; absent where it was not. */
  readonly enrolled?: {
    readonly tenant: string;
    readonly shard: number;
    readonly serial: string;
    /** Of the enrolment server. */
    readonly url: string;
    readonly certificateUntil: Millis;
    /** Why the controller does not want it any more. */
    readonly revoked?: string;
  };
  /** Where it is connected. */
  readonly broker?: string;
  readonly since?: Millis;
  readonly trouble?: string;
  readonly waitingBytes: number;
}

/**
 * `bad_token`: that is none. `unreachable`, `untrusted`: no answer, or of a server that the token does not name. `refused`,
 * `revoked`, `bad_answer`: it does not take us, or says what cannot be used. `failed`: here.
 */
export type EnrollRefusal = 'bad_token' | 'unreachable' | 'untrusted' | 'refused' | 'revoked' | 'bad_answer' | 'failed';

export interface ControllerLinkDesk {
  status(): Promise<ControllerLinkStatus>;
  /** Takes this appliance into the fleet that the token names, also out of another. */
  enroll(token: string): Promise<Result<ControllerLinkStatus, EnrollRefusal>>;
  /** Leaves the fleet; what waits for the controller stays for the next one. */
  leave(): Promise<Result<void, 'failed'>>;
}
