import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { RuleDeclaration, SetDeclaration } from '../../native/nft/declaration.ts';
import { openNft } from '../../native/nft/index.ts';
import type { NftPort } from '../../native/nft/port.ts';
import { add, done, keys } from '../contract/nft-suite-ground.ts';
import { LineProgram } from '../support/line-program.ts';
import { NetworkNamespace, namespacesUnavailable, waitUntil } from '../support/network-namespace.ts';
import { meterOf } from '../support/nft-vocabulary.ts';
import { HOST, INTERFACE, PACKET_CASES } from '../support/packet-cases.ts';
import { PacketSender } from '../support/packet-sender.ts';

const TABLE = 'bartizan';
const LISTENS = 7777;

/** Echoes what clients say, for as long as it has something to read. */
const SERVER = `
import socket, sys, threading
listener = socket.create_server(('192.0.2.1', ${LISTENS}))
def echo(peer):
    while data := peer.recv(64): peer.sendall(data)
    peer.close()
def serve():
    while True: threading.Thread(target=echo, args=(listener.accept()[0],), daemon=True).start()
threading.Thread(target=serve, daemon=True).start()
for line in sys.stdin: print('listening', flush=True)
`;

/** open: a connection more, silence when none comes about; talk N, close N: with one that is open. */
const CLIENT = `
import socket, sys
peers = []
for line in sys.stdin:
    words = line.split()
    try:
        if words[0] == 'open':
            peers.append(socket.create_connection(('192.0.2.1', ${LISTENS}), 0.4))
            print('open', flush=True)
        elif words[0] == 'talk':
            peers[int(words[1])].sendall(b'?')
            print(peers[int(words[1])].recv(8).decode(), flush=True)
        else:
            peers[int(words[1])].close()
            print('closed', flush=True)
    except TimeoutError:
        print('silence', flush=True)
`;

/** Binds an nflog group, then tells the prefix of each packet logged there. */
const LISTENER = `
import socket, struct, sys
log = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
log.bind((0, 0))
log.settimeout(5)
def attribute(kind, data): return struct.pack('=HH', 4 + len(data), kind) + data + bytes(-len(data) % 4)
def configure(kind, data):
    body = struct.pack('!BBH', 0, 0, 77) + attribute(kind, data)
    log.send(struct.pack('=IHHII', 16 + len(body), 4 << 8 | 1, 5, 1, 0) + body)
    assert struct.unpack('=i', log.recv(4096)[16:20])[0] == 0
configure(1, b'\\1')
configure(2, struct.pack('!IBB', 64, 2, 0))
configure(5, struct.pack('!I', 1))
def prefix(message):
    at = 20
    while at < len(message):
        size, kind = struct.unpack_from('=HH', message, at)
        if kind == 10: return message[at + 4:at + size - 1].decode()
        at += size + 3 & ~3
for line in sys.stdin:
    print('bound' if line == 'bind\\n' else prefix(log.recv(4096)), flush=True)
`;

/** The packets of test/unit/native/nft/nft-packets.test.ts, and what only real connections and time show. */
describe('packets through every kind of rule', { skip: namespacesUnavailable() }, () => {
  let edge: NetworkNamespace;
  let outside: NetworkNamespace;
  let port: NftPort;
  let sender: PacketSender;
  let marks = 0;

  before(async () => {
    edge = new NetworkNamespace('judge');
    outside = new NetworkNamespace('crowd');
    edge.ip('link', 'add', INTERFACE, 'type', 'veth', 'peer', 'name', 'out', 'netns', outside.name);
    const ends = [
      { namespace: edge, link: INTERFACE, host: 1 },
      { namespace: outside, link: 'out', host: 2 },
    ];
    for (const { namespace, link, host } of ends) {
      namespace.ip('link', 'set', link, 'address', `02:00:00:00:00:0${host}`);
      namespace.ip('addr', 'add', `192.0.2.${host}/24`, 'dev', link);
      namespace.ip('addr', 'add', `2001:db8::${host}/64`, 'dev', link, 'nodad');
      namespace.ip('link', 'set', link, 'up');
      // Nobody has to be asked for: a rule that drops everything stands in the way of no question.
      for (const peer of [`192.0.2.${3 - host}`, `2001:db8::${3 - host}`]) {
        namespace.ip(
          'neigh',
          'replace',
          peer,
          'lladdr',
          `02:00:00:00:00:0${3 - host}`,
          'dev',
          link,
          'nud',
          'permanent',
        );
      }
    }
    outside.ip('route', 'add', 'default', 'via', HOST[4]);
    outside.ip('-6', 'route', 'add', 'default', 'via', HOST[6]);
    port = done(await openNft({ netns: edge.name }));
    sender = new PacketSender(outside);
    await declare([], []);
    await waitUntil('the link is up', 5000, async () => {
      await sender.send([MARK]);
      return (await counter('mark')) > 0;
    });
  });
  after(async () => {
    await sender?.close();
    await port?.close();
    outside?.dispose();
    edge?.dispose();
  });

  const MARK = { iif: INTERFACE, saddr: '192.0.2.99', daddr: HOST[4], protocol: 'udp', dport: 7 } as const;
  const LINK: SetDeclaration = {
    name: 'link',
    family: 6,
    interval: true,
    timeout: false,
    elements: ['::/128', 'fe80::/10'].map((key) => ({ key, timeout: 'never' })),
  };
  const MARKER: SetDeclaration = {
    name: 'marker',
    family: 4,
    interval: false,
    timeout: false,
    elements: [{ key: MARK.saddr, timeout: 'never' }],
  };
  /** Ahead of the rules what the link says of itself passes, and marks are counted. */
  const declare = async (sets: readonly SetDeclaration[], rules: readonly RuleDeclaration[]): Promise<void> => {
    const ahead: readonly RuleDeclaration[] = [
      { when: [{ match: 'saddr', set: 'link' }], verdict: 'accept' },
      { when: [{ match: 'saddr', set: 'marker' }], verdict: 'drop', counter: 'mark' },
    ];
    const chain = { name: 'base', hook: 'prerouting', priority: -190, rules: [...ahead, ...rules] } as const;
    done(await port.ensure({ name: TABLE, sets: [LINK, MARKER, ...sets], chains: [chain] }));
  };
  const counter = async (name: string): Promise<number> =>
    done(await port.counters(TABLE)).find((each) => each.name === name)?.packets ?? 0;
  /** Sends, and knows by a mark behind them that they have been judged. */
  const judge = async (packets: Parameters<PacketSender['send']>[0]): Promise<void> => {
    marks = await counter('mark');
    await sender.send([...packets, MARK]);
    await waitUntil('the mark is counted', 5000, async () => (await counter('mark')) === marks + 1);
  };

  for (const [what, { when, sets = [], packets }] of Object.entries(PACKET_CASES)) {
    test(`the kernel judges by ${what}`, async () => {
      done(await port.drop(TABLE));
      await declare(sets, [{ when, verdict: 'drop', counter: 'hit' }]);
      const judged: boolean[] = [];
      for (const [packet] of packets) {
        const before = await counter('hit');
        await judge([packet]);
        judged.push((await counter('hit')) === before + 1);
      }
      assert.deepEqual(
        judged,
        packets.map(([, isHit]) => isHit),
      );
    });
  }

  test('a bucket fills again with time', async () => {
    const over = { match: 'over', rate: { packets: 2, per: 'second', burst: 1 }, per: 'm' } as const;
    await declare([meterOf('m', 6, true)], [{ when: [over], verdict: 'drop', counter: 'hit' }]);
    const packet = { ...MARK, saddr: '2001:db8::2:3', daddr: HOST[6] };
    const passes = async (): Promise<boolean> => {
      const before = await counter('hit');
      await judge([packet]);
      return (await counter('hit')) === before;
    };
    assert.equal(await passes(), true);
    const start = performance.now();
    assert.equal(await passes(), false);
    await waitUntil('a packet passes', 5000, passes);
    const took = performance.now() - start;
    assert.ok(took > 400, `${took} ms`);
    const [source] = done(await port.list(TABLE, 'm'));
    assert.equal(source?.key, '2001:db8::');
    assert.ok(source.timeout !== 'never' && source.timeout <= 1000);
    await waitUntil('the source is forgotten', 5000, async () => (await keys(port, TABLE, 'm')).length === 0);
  });

  test('what a meter has counted and a counter too outlive a change of other rules', async () => {
    const over = { match: 'over', rate: { packets: 1, per: 'hour', burst: 2 }, per: 'm' } as const;
    const rule = { when: [over], verdict: 'drop', counter: 'hit' } as const;
    const packet = { ...MARK, saddr: '192.0.2.5' };
    done(await port.drop(TABLE));
    await declare([meterOf('m', 4, true)], [rule]);
    await judge([packet, packet, packet]);
    assert.equal(await counter('hit'), 1);
    await declare([meterOf('m', 4, true)], [{ when: [{ match: 'syn' }], verdict: 'accept' }, rule]);
    await judge([packet]);
    assert.equal(await counter('hit'), 2);
    const other = { ...rule, when: [{ ...over, rate: { ...over.rate, burst: 3 } }] };
    await declare([meterOf('m', 4, true)], [other]);
    await judge([packet, packet, packet]);
    assert.equal(await counter('hit'), 2);
    await judge([packet]);
    assert.equal(await counter('hit'), 3);
  });

  describe('with a listener', () => {
    let server: LineProgram;
    let client: LineProgram;
    const going: RuleDeclaration = {
      when: [{ match: 'ct', states: ['established'] }],
      verdict: 'accept',
      counter: 'going',
    };
    before(async () => {
      // The kernel tracks connections from the first rule on that asks for their state.
      await declare([], [going]);
      server = new LineProgram(edge, SERVER);
      client = new LineProgram(outside, CLIENT);
      assert.equal(await server.ask('?'), 'listening');
      assert.equal(await client.ask('open'), 'open');
    });
    after(async () => {
      await client?.close();
      await server?.close();
    });

    test('an established connection goes on while new ones are dropped', async () => {
      await declare([], [going, { when: [{ match: 'ct', states: ['new'] }], verdict: 'drop', counter: 'fresh' }]);
      assert.equal(await client.ask('talk 0'), '?');
      assert.equal(await client.ask('open'), 'silence');
      assert.ok((await counter('going')) > 0 && (await counter('fresh')) > 0);
    });

    test('SYN is what a connection begins with, and nothing else of it', async () => {
      await declare([], [{ when: [{ match: 'syn' }], verdict: 'drop', counter: 'syn' }]);
      assert.equal(await client.ask('talk 0'), '?');
      assert.equal(await counter('syn'), 0);
      assert.equal(await client.ask('open'), 'silence');
      assert.ok((await counter('syn')) > 0);
    });

    test('more connections than a source may have come about only when others have ended', async () => {
      const when = [{ match: 'syn' }, { match: 'connections', over: 3, per: 'open' }] as const;
      await declare([meterOf('open', 4, false)], [{ when, verdict: 'drop', counter: 'beyond' }]);
      const opened: string[] = [];
      for (let i = 0; i < 5; i++) opened.push(await client.ask('open'));
      assert.deepEqual(opened, ['open', 'open', 'open', 'silence', 'silence']);
      assert.deepEqual(await keys(port, TABLE, 'open'), ['192.0.2.2']);
      await client.ask('close 1');
      await waitUntil('another one comes about', 10_000, async () => (await client.ask('open')) === 'open');
      assert.equal(await client.ask('open'), 'silence');
    });

    test('a service that one source is let in to while all others are not', async () => {
      const from: SetDeclaration = { name: 'from', family: '4+port', interval: false, timeout: true, size: 10 };
      await declare(
        [from],
        [
          { when: [{ match: 'saddr+port', set: 'from' }], verdict: 'accept' },
          { when: [{ match: 'dport', protocol: 'tcp', port: LISTENS }], verdict: 'drop' },
        ],
      );
      assert.equal(await client.ask('open'), 'silence');
      done(await port.commit(TABLE, [add('from', `192.0.2.2 . udp . ${LISTENS}`), add('from', '192.0.2.2 . tcp . 7')]));
      assert.equal(await client.ask('open'), 'silence');
      done(await port.commit(TABLE, [add('from', `192.0.2.2 . tcp . ${LISTENS}`)]));
      assert.equal(await client.ask('open'), 'open');
    });
  });

  test('packets are logged to an nflog group, with their prefix and within their rate', async () => {
    const listener = new LineProgram(edge, LISTENER);
    assert.equal(await listener.ask('bind'), 'bound');
    const log = { prefix: 'bartizan drop: ', rate: { packets: 1, per: 'hour', burst: 2 }, group: 77 } as const;
    await declare(
      [],
      [
        { when: [{ match: 'protocol', protocol: 'tcp' }], verdict: 'continue', log, counter: 'logged' },
        { when: [{ match: 'syn' }], verdict: 'continue', log: { ...log, prefix: 'syn: ' } },
        { when: [], verdict: 'drop' },
      ],
    );
    const ack = { ...MARK, saddr: '192.0.2.7', protocol: 'tcp', dport: 9, flags: ['ack'] } as const;
    await judge([ack, ack, ack, { ...ack, flags: ['syn'] }]);
    const told = [await listener.ask('next'), await listener.ask('next'), await listener.ask('next')];
    assert.deepEqual(told, ['bartizan drop: ', 'bartizan drop: ', 'syn: ']);
    assert.equal(await counter('logged'), 4);
    await listener.close();
  });
});
