import type { Result } from '../../core/base/result.ts';
import type { Millis } from '../../core/base/time.ts';
import type { Hex } from '../../core/link/hex.ts';
import type { DesiredState, ListState } from '../../core/link/reported.ts';
import type { MessageName } from '../link-wire/index.ts';

/** A message as the broker gave it. Nothing in it is believed: whoever acts upon it looks at its signatures. */
export interface Incoming {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** It was kept by the broker, not sent just now. */
  readonly isRetained: boolean;
  readonly contentType?: string;
  /** Seconds that the broker would have kept it for. */
  readonly expiry?: number;
}

export interface Outgoing {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly isRetained?: boolean;
  /** It goes into the content type. */
  readonly message: MessageName;
}

/**
 * What goes first when not everything can go at once. Behind `reported` come the streams; the first three wait for no
 * bandwidth, since they are few, short, and what confirms a change.
 */
export const PRIORITIES = [
  'presence',
  'result',
  'reported',
  'audit',
  'finding',
  'incident',
  'event',
  'replay',
] as const;
export type Priority = (typeof PRIORITIES)[number];

export interface Will extends Outgoing {
  /** How long the broker waits for the appliance to come back before it publishes it. */
  readonly delay: Millis;
}

/** What proves who we are, and what brokers are judged by. All PEM. */
export interface Credentials {
  readonly cert: string;
  readonly key: string;
  /** The root that the brokers' certificates lead to; no other is believed. */
  readonly authority: string;
}

export interface ConnectRequest {
  /** `mqtts:` or `wss:`. */
  readonly broker: string;
  /** `http:`. */
  readonly proxy?: string;
  readonly credentials: Credentials;
  readonly clientId: string;
  readonly keepalive: Millis;
  /** How long the broker keeps the session, and so what came for us, after the connection is gone. */
  readonly sessionExpiry: Millis;
  readonly will: Will;
  /** Largest message that is taken, bytes. */
  readonly maximumPacketSize: number;
  /** Messages that the broker may send without an acknowledgement. */
  readonly receiveMaximum: number;
  /** Takes a message; the broker gets its acknowledgement, and the next message comes, when it resolves. Never rejects. */
  readonly onMessage: (message: Incoming) => Promise<void>;
  /** Called once when the connection is gone, unless it was closed by us. */
  readonly onClosed: (why: string) => void;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
}

/** What the broker allows. */
export interface BrokerLimits {
  /** Messages that may be sent without an acknowledgement; at least 1. */
  readonly receiveMaximum: number;
  /** Bytes of a message as it is carried. */
  readonly maximumPacketSize: number;
}

/** `refused`: the broker does not want it. `closed`: the connection is gone, and nobody knows whether it has arrived. */
export type PublishFailure = 'refused' | 'closed';

export interface BrokerConnection {
  /** The session was there still: what came meanwhile comes now. */
  readonly hasSession: boolean;
  readonly limits: BrokerLimits;
  /** As `unsubscribe` and `publish`, answered also where the connection goes meanwhile, or is gone: `closed`. */
  subscribe(filters: readonly string[]): Promise<Result<void, PublishFailure>>;
  unsubscribe(filters: readonly string[]): Promise<Result<void, PublishFailure>>;
  /** At least once; resolves when the broker has it. */
  publish(message: Outgoing): Promise<Result<void, PublishFailure>>;
  /** Says good-bye, so that the will is not published; resolves when it is gone, within seconds. */
  close(): Promise<void>;
  /** Bytes over the wire so far. */
  traffic(): { readonly sent: number; readonly received: number };
}

/**
 * `unreachable`: names, connections, the proxy, time. `untrusted`: its certificate does not lead to our authority.
 * `refused`: it does not take us. `revoked`: it says that our certificate was revoked.
 */
export type ConnectFailure = 'unreachable' | 'untrusted' | 'refused' | 'revoked';

/** Reaches brokers. */
export interface BrokerPort {
  connect(request: ConnectRequest): Promise<Result<BrokerConnection, ConnectFailure>>;
}

/** Messages of the link that is up. */
export type SendFailure = 'not_connected' | 'refused' | 'closed' | 'too_large';

/** Where we stand with the brokers, as the orders need it. */
export interface LinkUp {
  /** Counts connections since the program started. */
  readonly connection: number;
  /** Of the broker, e.g. `mqtts://mqtt.example.net:8883`. */
  readonly broker: string;
}

/**
 * Whoever acts upon what a controller orders. The link hands over bytes as they came and believes nothing: not who sent them,
 * nor that they came once, in order, or in time.
 */
export interface LinkOrders {
  /**
   * A message on a topic of ours or of the fleet. The broker gets its acknowledgement when this resolves: by then what must
   * not be lost is written down. Never rejects, whatever the bytes are.
   */
  receive(message: Incoming): Promise<void>;
  /** A connection stands and its subscriptions are in place. */
  opened(up: LinkUp): void;
  /** It is gone. */
  closed(): void;
  /** What a report says of orders; called whenever one is made. */
  report(): OrdersReport;
  /** Since the link was made. */
  counters(): OrdersCounters;
  /** Why orders are not taken though there is a connection, for people. */
  trouble?(): string | undefined;
  /** The link ends; resolves when nothing is acted upon any more. */
  stop?(): Promise<void>;
}

/** Orders that came. */
export interface OrdersCounters {
  /** Good ones, each once. */
  readonly taken: number;
  /** By why; also those that were too many for the audit log. */
  readonly refused: Readonly<Record<string, number>>;
}

/** The part of a report that speaks of orders. */
export interface OrdersReport {
  readonly desired: DesiredState;
  readonly lists: readonly ListState[];
  readonly keysGeneration: number;
  /** Of the change on trial, once it is in place: what a controller confirms it by, and the order that asked for it. */
  readonly change?: { readonly id: string; readonly nonce: Hex; readonly order?: Hex };
}
