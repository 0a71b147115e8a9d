/** A folder of the product: what it is for, said here and nowhere else. The import law and the docs read it. */
export interface Room {
  readonly path: string;
  readonly purpose: string;
}

const rooms = (floor: string, purposes: Readonly<Record<string, string>>): readonly Room[] =>
  Object.entries(purposes).map(([name, purpose]) => ({ path: `${floor}/${name}`, purpose }));

/** Pure; in data-flow order, which is also the order of who may import whom. */
export const CORE = rooms('core', {
  base: 'results, ids, time, addresses and the ports of clock and chance',
  image: 'the appliance image: its slots, whether a boot is good, block maps',
  event: 'a raw line or record becomes an Event: parsers',
  detect: 'detectors judge events: windows, rules, findings',
  incident: 'findings that belong together',
  respond: 'a finding or incident becomes decisions: policy, allow lists, dry run',
  change: 'a tentative change: apply, probe, confirm or revert',
  link: 'orders of controllers: who may order what, judged before anything is done; streams, leases, topics',
  query: 'one query tree for every search',
  config: 'every setting declared once',
  host: 'settings of the appliance become files of systemd',
  keys: 'store key codecs',
  field: 'what a technician in the field has: serial, status page, provisioning',
  controller: 'the controller of a fleet: whom it knows, what it desires and takes',
  api: 'endpoints as values: surfaces, dispatch, authentication, OpenAPI',
  console: 'the web console, browser code',
  cli: 'command declarations',
});

/** With effects; a folder is a subsystem, and its `index.ts` is what others see. */
export const ACTORS = rooms('actors', {
  daemon: 'puts the subsystems together and starts them',
  supervisor: 'starts, watches and restarts the others',
  clock: 'real time and chance behind the ports of core/base',
  bus: 'carries events and findings between subsystems',
  store: 'ordered records with atomic batches',
  segments: 'append-only event segments',
  blobs: 'files by content, within a quota',
  watchers: 'sources of raw lines: files, journal, network',
  pipeline: 'parses and detects, batch by batch',
  incidents: 'keeps incidents and their history',
  responder: 'carries decisions out',
  firewall: 'holds the kernel to the desired blocks',
  packets: 'sends packets of any source, from network namespaces of its own',
  canary: 'proves by packets that the kernel drops what is blocked',
  challenge: 'lets a doubtful client prove itself',
  'mail-queue': 'holds and releases mail',
  quarantine: 'moves suspicious files out of reach',
  change: 'runs trials and reverts them',
  settings: 'writes the configuration, on trial where it can cut',
  preview: 'looks ahead at what a change would do',
  host: 'the appliance as a machine: its network, name and time, and what only root may do to it',
  'link-wire': 'messages of the controller link become bytes and back, signed and verified',
  'controller-link': 'reports to and obeys a controller over MQTT',
  controller: 'the controller of a fleet: authority, enrolment, orders, streams, simulated appliances',
  http: 'listeners and transports of the surfaces',
  lists: 'keeps bulk block and allow lists as their sources have them',
  outbound: 'requests to others, private targets refused',
  signals: 'exchanges block signals with others',
  fleet: 'osquery nodes',
  compliance: 'runs compliance checks',
  updater: 'image updates',
  flash: 'writes appliance images to disks',
  identity: 'keys, certificates, claims, sessions, tokens',
  audit: 'who did what: the record of every change',
  appliance: 'answers what the endpoints ask',
  field: 'writes the status page of the console, takes a first config',
  jobs: 'whatever runs long',
  'host-integration': 'the host it guards: service manager, mail, panels',
  log: "the program's own log",
  cli: 'what the commands do',
});

/** Engines in C++, each with a typed port and a fake beside it. */
export const NATIVE = rooms('native', {
  blocks: 'blocks of events: columns, words and blooms',
  lines: 'the usual lines of a log of authentication, many at a time',
  windows: 'sliding windows over what those lines tell',
  nft: 'nftables over netlink',
  journal: 'the systemd journal',
  fanotify: 'file access events',
  glibc: 'functions of a newer C library for prebuilt addons',
  notify: "the service manager's notifications",
  hands: 'small privileged executables',
});

/** The rest of the top level. */
export const GROUND: readonly Room[] = [
  { path: 'proto', purpose: 'message schemas and what is generated from them' },
  { path: 'image', purpose: 'provisioning, build, and the appliance image' },
  { path: 'systemd', purpose: 'units and their hardening' },
  { path: 'test', purpose: 'unit, contract, system, fuzz and bench; the gate is in support' },
];

export const ROOMS: readonly Room[] = [...CORE, ...ACTORS, ...NATIVE, ...GROUND];

/** Folders under actors/ that hold one subsystem per subfolder. */
export const CORRIDORS: readonly string[] = ['actors/watchers', 'actors/host-integration'];

/**
 * The subsystem a file belongs to, e.g. `core/event`, `actors/watchers/file`, `proto`; a file that lies loose on a floor
 * belongs to the floor (`actors` for `actors/main.ts`).
 */
export function subsystemOf(path: string): string {
  const [floor = '', room = '', inner = ''] = path.split('/').slice(0, -1);
  if (room === '' || !['core', 'actors', 'native'].includes(floor)) return floor;
  const pair = `${floor}/${room}`;
  return CORRIDORS.includes(pair) && inner !== '' ? `${pair}/${inner}` : pair;
}
