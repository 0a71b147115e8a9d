/**
 * A subsystem as the supervisor runs it. `start` and `stop` alternate, never overlap; a restart is `stop` then `start`.
 */
export interface Service {
  /** Unique among the supervised, e.g. `firewall`. */
  readonly id: string;
  /**
   * Resolves when the service is usable; a rejection is a crash. `crash` reports one that happens later, once: the
   * service is then stopped and started again, or the supervisor gives up.
   */
  start(crash: (cause: unknown) => void): Promise<void>;
  /** Releases everything. Also called after a crash and after a failed start, so it must cope with half a start. */
  stop(): Promise<void>;
}
