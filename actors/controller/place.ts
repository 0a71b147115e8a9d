import { join } from 'node:path';

/** Where an installed controller keeps its state. */
export const CONTROLLER_STATE = '/var/lib/bartizan-controller';

/** Files of a controller's state directory. */
export interface Place {
  readonly state: string;
  readonly settings: string;
  readonly socket: string;
  readonly root: { readonly cert: string; readonly key: string };
  readonly issuing: { readonly cert: string; readonly key: string };
  readonly own: { readonly cert: string; readonly key: string };
  readonly enrolment: { readonly cert: string; readonly key: string };
  readonly broker: { readonly folder: string; readonly cert: string; readonly key: string };
  readonly revocations: string;
  /** There while a broker on this machine has not been told of the revocation list. */
  readonly untold: string;
  readonly controllers: string;
  readonly firstKeys: string;
  readonly keys: string;
  readonly lists: string;
  /** Of the streams, one JSON object a line. */
  readonly streams: string;
}

export function placeIn(state: string): Place {
  const pair = (folder: string, name: string) => ({
    cert: join(state, folder, `${name}.crt`),
    key: join(state, folder, `${name}.key`),
  });
  return {
    state,
    settings: join(state, 'controller.yaml'),
    socket: join(state, 'control.sock'),
    root: pair('ca', 'root'),
    issuing: pair('ca', 'issuing'),
    own: pair('tls', 'controller'),
    enrolment: pair('tls', 'enrolment'),
    broker: { folder: join(state, 'broker'), ...pair('broker', 'broker') },
    revocations: join(state, 'ca', 'revoked.crl'),
    untold: join(state, 'ca', 'broker-untold'),
    controllers: join(state, 'ca', 'controllers'),
    firstKeys: join(state, 'keys', 'first.json'),
    keys: join(state, 'keys'),
    lists: join(state, 'lists'),
    streams: join(state, 'streams'),
  };
}
