import { ApplianceHost } from '../../actors/host/index.ts';
import type { HostFile, HostRefusal, HostRequests, HostVerb } from '../../actors/host/port.ts';
import { sha256Hex } from '../../core/base/ids.ts';
import type { Clock } from '../../core/base/ports.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import type { HostSettings } from '../../core/config/settings.ts';

/** An appliance in memory: its file, and root, who applies that when asked. */
export class FakeMachine implements HostRequests {
  readonly file: HostFile;
  readonly asked: HostVerb[] = [];
  readonly logs: string[] = [];
  /** What is in the file, and what of it is in force. */
  text: string | undefined;
  inForce: string | undefined;
  /** What root says instead of doing it. */
  refusal: string | undefined;

  constructor() {
    this.file = {
      path: '/var/lib/bartizan/host/rendered',
      attributes: { mode: 0o600, uid: 7, gid: 7 },
      read: async () => (this.text === undefined ? undefined : Buffer.from(this.text)),
      write: async (bytes) => {
        this.text = Buffer.from(bytes).toString();
      },
      applied: async () => (this.inForce === undefined ? undefined : sha256Hex(Buffer.from(this.inForce))),
    };
  }

  async ask(verb: HostVerb): Promise<Result<void, HostRefusal>> {
    this.asked.push(verb);
    if (this.refusal !== undefined) return fail('refused', this.refusal);
    this.inForce = this.text;
    return ok(undefined);
  }

  host(clock: Clock, settings: () => HostSettings): ApplianceHost {
    const log = (_: string, message: string) => void this.logs.push(message);
    return new ApplianceHost({ file: this.file, requests: this, settings, clock, log });
  }
}
