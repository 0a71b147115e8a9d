import { type Millis, seconds } from '../base/time.ts';

/** Until a broker, or the enrolment server, is reached, the proxy and TLS included. Who asks for longer holds a place in the broker's queue and gets nothing for it. */
export const CONNECT_WITHIN: Millis = seconds(20);
