import { Type } from 'typebox';
import { checkedText, section, setting, view } from './setting.ts';

const LIVE = { applies: 'live' } as const;

/** The few that say nothing of how the machine is reached. */
const HARMLESS = { ...LIVE, harmless: true } as const;

const server = (description: string) => checkedText('unicast', { description });
const domain = checkedText('host', { description: 'A domain, e.g. example.net.', maxLength: 253 });

const networkInterface = Type.Object({
  match: Type.String({
    description:
      "Which link it is: its kernel name, or its hardware address in small letters, which stays when the kernel's names change.",
    pattern: '^(?:[A-Za-z][A-Za-z0-9_.-]{0,14}|[0-9a-f][02468ace](?::[0-9a-f]{2}){5})$',
    expects: 'the name of a link, e.g. ens3, or its hardware address, e.g. 52:54:00:12:34:56',
  }),
  method: Type.Enum(['dhcp', 'static'], {
    description: 'dhcp: what the network offers, over IPv4 and IPv6. static: the addresses below.',
  }),
  addresses: Type.Array(
    checkedText('interface_address', { description: 'An address with the length of its network, e.g. 192.0.2.10/24.' }),
    {
      description: 'Its addresses, of either family; the first one of each is what it speaks from.',
      default: [],
      maxItems: 16,
    },
  ),
  gateways: Type.Array(server('The address of a router.'), {
    description: 'The way to everywhere else: one for each family, of all interfaces together.',
    default: [],
    maxItems: 2,
  }),
  gateway_on_link: Type.Boolean({
    description: 'The gateways can be reached although they are in none of the networks of the addresses.',
    default: false,
  }),
  dns: Type.Array(server('The address of a name server.'), {
    description: 'Name servers to ask over this link, beside those that DHCP names.',
    default: [],
    maxItems: 8,
  }),
  search: Type.Array(domain, {
    description: 'Domains in which names without a dot are looked up.',
    default: [],
    maxItems: 8,
  }),
  ipv6_ra: Type.Boolean({
    description: 'Take addresses and routes that routers announce (IPv6).',
    default: true,
  }),
  mtu: Type.Optional(
    Type.Integer({
      description: 'The largest packet, in bytes. With IPv6 at least 1280.',
      minimum: 576,
      maximum: 9216,
    }),
  ),
});

/** Section `host`. */
export const host = section(
  'The appliance as a machine: network, name and time',
  {
    hostname: setting(
      Type.String({
        description: 'The name of the machine. The appliance image alone goes by it, and by all of host.',
        pattern: '^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$',
        maxLength: 64,
        expects: '1 to 64 small letters, digits, "-" and "."',
        default: 'bartizan',
      }),
      HARMLESS,
    ),
    timezone: setting(
      checkedText('timezone', {
        description:
          'The time zone of the machine, by its name in the IANA database. Logs in files take it up when they are begun anew.',
        default: 'UTC',
        maxLength: 64,
        examples: ['Europe/Berlin'],
      }),
      HARMLESS,
    ),
    ntp: setting(
      Type.Array(checkedText('host', { description: 'A host name or an address.', maxLength: 253 }), {
        description: 'Time servers. Empty: those that DHCP names, else the ones of delivery.',
        default: [],
        maxItems: 8,
        examples: [['ntp.example.net', '192.0.2.123']],
      }),
      HARMLESS,
    ),
    dns: setting(
      Type.Array(server('The address of a name server.'), {
        description: 'Name servers for everything, beside those of the interfaces.',
        default: [],
        maxItems: 8,
        examples: [['192.0.2.53', '2001:db8::53']],
      }),
      LIVE,
    ),
    search: setting(
      Type.Array(domain, {
        description: 'Domains in which names without a dot are looked up, over any interface.',
        default: [],
        maxItems: 8,
        examples: [['example.net']],
      }),
      LIVE,
    ),
    interfaces: setting(
      Type.Array(networkInterface, {
        description:
          'The links that are used. Empty: every wired one, by DHCP. Others than the ones listed here are left alone.',
        default: [],
        maxItems: 16,
        uniqueBy: 'match',
        rule: 'interfaces',
        examples: [
          [
            {
              match: 'ens3',
              method: 'static',
              addresses: ['192.0.2.10/24', '2001:db8::10/64'],
              gateways: ['192.0.2.1', 'fe80::1'],
              dns: ['192.0.2.53'],
            },
          ],
        ],
      }),
      LIVE,
    ),
  },
  { group: 'Operations', canCut: true, byWord: true },
);

/** Whether anything of the section is set otherwise than by default. */
export const isHostSet = (values: Readonly<Record<string, unknown>>): boolean =>
  Object.entries(host.settings).some(
    // Texts, and lists, which are empty.
    ([key, { schema }]) => JSON.stringify(values[key]) !== JSON.stringify(view(schema).default),
  );
