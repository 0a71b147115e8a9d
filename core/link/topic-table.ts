/** What goes where. Subscriptions, the access rules of brokers and the documentation follow from it. */
export interface TopicRow {
  /** `appliance`: below its serial. `shard`: below the shard. `fleet`: below the tenant. */
  readonly below: 'appliance' | 'shard' | 'fleet';
  /** What follows there, with `+` for what differs. */
  readonly path: string;
  /** In `proto/bartizan/v1`; undefined: bytes that are named by their SHA-256. */
  readonly message: 'Presence' | 'Reported' | 'Envelope' | 'Result' | 'StreamBatch' | undefined;
  readonly isRetained: boolean;
  readonly from: 'appliance' | 'controller';
  readonly to: readonly ('appliance' | 'controller')[];
  /** Listened to only for as long as something is asked for. */
  readonly isOnDemand?: true;
  /** For people. */
  readonly says: string;
}

/** By kind. */
export const TOPICS = {
  presence: {
    below: 'appliance',
    path: 'presence',
    message: 'Presence',
    isRetained: true,
    from: 'appliance',
    to: ['controller'],
    says: 'Whether it is there. The broker publishes the other one itself, as the will, 30 s after a connection was lost.',
  },
  reported: {
    below: 'appliance',
    path: 'reported',
    message: 'Reported',
    isRetained: true,
    from: 'appliance',
    to: ['controller'],
    says: 'How it stands: after each connect, and when it has changed, at most every 5 s.',
  },
  stream: {
    below: 'appliance',
    path: 'stream/+',
    message: 'StreamBatch',
    isRetained: false,
    from: 'appliance',
    to: ['controller'],
    says: 'Items of `finding`, `incident`, `audit` or `event`, numbered, in order.',
  },
  result: {
    below: 'appliance',
    path: 'cmd/+/result',
    message: 'Result',
    isRetained: false,
    from: 'appliance',
    to: ['controller'],
    says: 'What became of the order of that id.',
  },
  desired: {
    below: 'appliance',
    path: 'desired',
    message: 'Envelope',
    isRetained: true,
    from: 'controller',
    to: ['appliance'],
    says: 'The configuration that it is to have. A controller asks for it where it is to confirm what another one has ordered.',
  },
  keys: {
    below: 'appliance',
    path: 'keys',
    message: 'Envelope',
    isRetained: true,
    from: 'controller',
    to: ['appliance'],
    says: 'A key set for this appliance alone; `bartizan controller` publishes those of the fleet only.',
  },
  cmd: {
    below: 'appliance',
    path: 'cmd',
    message: 'Envelope',
    isRetained: false,
    from: 'controller',
    to: ['appliance'],
    says: 'A command. The session keeps it for who is away, until it expires.',
  },
  lease: {
    below: 'shard',
    path: 'lease',
    message: 'Envelope',
    isRetained: true,
    from: 'controller',
    to: ['controller'],
    says: 'Which controller serves the shard, and how far it has taken the streams.',
  },
  fleet_keys: {
    below: 'fleet',
    path: 'keys',
    message: 'Envelope',
    isRetained: true,
    from: 'controller',
    to: ['appliance', 'controller'],
    says: 'Which keys are believed.',
  },
  list_manifest: {
    below: 'fleet',
    path: 'list/+/manifest',
    message: 'Envelope',
    isRetained: true,
    from: 'controller',
    to: ['appliance'],
    says: 'Which generation of the list of that name is to be used.',
  },
  list_part: {
    below: 'fleet',
    path: 'list/part/+',
    message: undefined,
    isRetained: true,
    from: 'controller',
    to: ['appliance'],
    isOnDemand: true,
    says: 'A part of a list, or a difference, compressed with zstd; named by its SHA-256, so fetched once a content.',
  },
} as const satisfies Readonly<Record<string, TopicRow>>;

export const TOPIC_ROWS: readonly TopicRow[] = Object.values(TOPICS);
