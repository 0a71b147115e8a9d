import { type Millis, seconds } from '../base/time.ts';

/**
 * Until there is a connection to a broker or the enrolment server, proxy and TLS included; and then, until the broker has
 * answered on it. Who was dropped from a broker's queue is not told, and learns of it by this alone.
 */
export const CONNECT_WITHIN: Millis = seconds(20);
