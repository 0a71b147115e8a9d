import type { ControllerLinkDesk, ControllerLinkStatus, EnrollRefusal } from '../../../core/api/controller-link.ts';
import { fail, ok } from '../../../core/base/result.ts';
import { days, plus } from '../../../core/base/time.ts';
import { START } from './fake-appliance.ts';
import { SERIAL } from './fake-images.ts';

export const LINK: ControllerLinkStatus = {
  isEnabled: true,
  state: 'up',
  enrolled: {
    tenant: 'acme',
    shard: 7,
    serial: SERIAL,
    url: 'https://fleet.example.net:8443/enroll',
    certificateUntil: plus(START, days(180)),
    revoked: 'it was stolen',
  },
  broker: 'mqtts://mqtt.example.net:8883',
  since: START,
  trouble: 'the certificate could not be renewed',
  waitingBytes: 12,
};

/** An appliance that every controller takes, unless one is to refuse. */
export class FakeControllerLink implements ControllerLinkDesk {
  refusal: EnrollRefusal | undefined;
  readonly tokens: string[] = [];
  isEnrolled = true;

  async status() {
    const { enrolled: _, ...rest } = LINK;
    return this.isEnrolled ? LINK : rest;
  }

  async enroll(token: string): ReturnType<ControllerLinkDesk['enroll']> {
    if (this.refusal !== undefined) return fail(this.refusal, `refused: ${this.refusal}`);
    this.tokens.push(token);
    return ok(LINK);
  }

  async leave(): ReturnType<ControllerLinkDesk['leave']> {
    this.isEnrolled = false;
    return ok(undefined);
  }
}
