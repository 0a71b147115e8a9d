import { writeFileSync } from 'node:fs';
import type { Component } from '../../../core/base/component.ts';
import { type Answer, Daemon, NODE_FLAGS } from '../daemon.ts';
import { waitFor } from '../wait-for.ts';
import { BootedMachine, type DropIns } from './machine.ts';

const TOKEN = 'an-admin-who-watches-0123456789abcdef';
/** Inside, where the built product lies, whatever hides the checkout's own place there. */
const CLIENT = '/usr/lib/bartizan/dist/test/support/admin-client.js';
const NODE = '/usr/lib/bartizan/node';

/** Whom the machine's cable leads to: the admin and, with another address of the same namespace, an attacker. */
export const EDGE = '192.0.2.1';
export const ADMIN = '192.0.2.2';
export const ATTACKER = '192.0.2.3';

/** A booted machine with the daemon as its service, and somebody at the other end of a cable. */
export class BootedEdge implements AsyncDisposable {
  readonly machine: BootedMachine;
  /** To call it over its control socket. */
  readonly #daemon: Daemon;

  /** @param settings lines of the config besides the listener and its token */
  constructor(settings: string, dropIns: DropIns = {}) {
    this.machine = new BootedMachine(dropIns);
    this.#daemon = new Daemon(this.machine.state);
    const webui = `listen: '0.0.0.0:9443', tokens: [{ name: admin, token: ${TOKEN}, scope: admin }]`;
    writeFileSync(this.#daemon.configFile, `webui: { ${webui} }\n${settings}`, { mode: 0o600 });
  }

  async start(): Promise<void> {
    const { machine } = this;
    await machine.boot();
    await machine.run(
      'sh',
      '-ec',
      `ip netns add far
      ip link add near type veth peer name far netns far
      ip addr add ${EDGE}/24 dev near; ip link set near up; ip link set lo up
      ip -n far addr add ${ADMIN}/24 dev far; ip -n far addr add ${ATTACKER}/24 dev far
      ip -n far link set far up; ip -n far link set lo up
      ip route add default via ${ADMIN}`,
    );
    await machine.active('bartizan.service');
  }

  call(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.#daemon.call(method, path, body, { 'if-match': '*' });
  }

  /** As the admin asks, from the other end of the cable. */
  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const asked = JSON.stringify([{ method, path, body }]);
    const words = [NODE, ...NODE_FLAGS, CLIENT, `https://${EDGE}:9443`, TOKEN, asked];
    const [answer] = JSON.parse(await this.machine.run('ip', 'netns', 'exec', 'far', ...words)) as readonly Answer[];
    if (answer === undefined) throw new Error('no answer');
    return answer;
  }

  /** Whether a connection to the API comes about from there. */
  connects(from: string): Promise<boolean> {
    const perl = `use IO::Socket::INET; exit !IO::Socket::INET->new(PeerAddr => '${EDGE}:9443', LocalAddr => '${from}', Timeout => 2)`;
    return this.machine.run('ip', 'netns', 'exec', 'far', 'perl', '-e', perl).then(
      () => true,
      () => false,
    );
  }

  async components(): Promise<readonly Component[]> {
    return (await this.call('GET', '/api/v1/components')).body;
  }

  async component(name: string): Promise<Component | undefined> {
    return (await this.components()).find((one) => one.name === name);
  }

  /** The component once it is in one of these states. */
  becomes(name: string, states: readonly string[], withinMs = 90_000): Promise<Component> {
    return waitFor(
      `${name} to be ${states.join(' or ')}`,
      async () => {
        const found = await this.component(name);
        return found !== undefined && states.includes(found.state) ? found : undefined;
      },
      { withinMs },
    );
  }

  /** The change that was asked for last, once it is in one of these states. */
  last(...states: readonly string[]) {
    return waitFor(
      `a change that is ${states.join(' or ')}`,
      async () => {
        const { body } = await this.call('GET', '/api/v1/changes');
        const [change] = body.changes;
        return states.includes(change?.state) ? change : undefined;
      },
      { withinMs: 60_000 },
    );
  }

  async pid(unit: string): Promise<number> {
    return Number((await this.machine.show(unit, 'MainPID'))['MainPID']);
  }

  /** Another process than this one is the unit's. */
  async another(unit: string, than: number): Promise<void> {
    await waitFor(
      `another process of ${unit}`,
      async () => ([0, than].includes(await this.pid(unit)) ? undefined : true),
      { withinMs: 30_000 },
    );
    await this.machine.active(unit);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.machine[Symbol.asyncDispose]();
  }
}
