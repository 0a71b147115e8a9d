import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Namespace } from '../../support/namespaces.ts';
import { waitFor } from '../../support/wait-for.ts';
import { CABLE_MAC } from '../machine/arguments.ts';

/** Addresses of the cable between the guest's second card and the neighbours in the namespace. */
export const GUEST = '198.51.100.10';
export const ATTACKER = '198.51.100.66';
export const BYSTANDER = '198.51.100.7';

/**
 * A cable from the guest's second network card into a network namespace, where a neighbour that means well and one that
 * does not live, and a DHCP server that gives the guest its address. Real packets, which the host's own network never sees.
 */
export class Cable implements AsyncDisposable {
  /** The tap device's name, for qemu; qemu opens it where the test runs, then {@link plug} takes it into the namespace. */
  readonly tap = `bz${randomBytes(4).toString('hex')}`;
  readonly #space = new Namespace('cable');

  constructor() {
    try {
      execFileSync('ip', ['tuntap', 'add', 'dev', this.tap, 'mode', 'tap']);
    } catch (cause) {
      this.#space[Symbol.dispose]();
      throw cause;
    }
  }

  /** After the guest was started: qemu holds on to the device wherever it goes. */
  plug(): void {
    execFileSync('ip', ['link', 'set', this.tap, 'netns', this.#space.name]);
    for (const address of [ATTACKER, BYSTANDER]) this.#space.ip('addr', 'add', `${address}/24`, 'dev', this.tap);
    this.#space.ip('link', 'set', this.tap, 'up');
    this.#space.spawn('dnsmasq', [
      ...['--keep-in-foreground', '--conf-file=/dev/null', '--port=0', '--bind-dynamic', `--interface=${this.tap}`],
      ...['--user=root', '--pid-file=', '--leasefile-ro', '--dhcp-authoritative', '--no-ping'],
      ...['--dhcp-range=198.51.100.10,static,255.255.255.0,12h', `--dhcp-host=${CABLE_MAC},${GUEST}`],
      // Neither a way out nor names: these come over the first card.
      ...['--dhcp-option=3', '--dhcp-option=6'],
    ]);
  }

  /** Before the guest is started again. */
  unplug(): void {
    this.#space.ip('link', 'set', this.tap, 'netns', '1');
  }

  /** Whether a TCP connection from one of the addresses to the guest's port is made: no answer and a refusal differ. */
  async connects(from: string, port: number, withinMs = 4000): Promise<'connected' | 'refused' | 'no answer'> {
    const script = `const s=require('node:net').connect({host:'${GUEST}',port:${port},localAddress:'${from}'});
      const end=(word)=>{console.log(word);process.exit();};
      s.on('connect',()=>end('connected')).on('error',(e)=>end(e.code==='ECONNREFUSED'?'refused':'no answer'));
      setTimeout(()=>end('no answer'),${withinMs});`;
    const child = this.#space.spawn(process.execPath, ['-e', script]);
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await once(child, 'close');
    return said.trim() as 'connected' | 'refused' | 'no answer';
  }

  /** Waits until a connection from the address ends this way. */
  async until(from: string, port: number, wanted: 'connected' | 'no answer', withinMs: number): Promise<void> {
    await waitFor(
      `${from} to find ${GUEST}:${port} ${wanted}`,
      async () => ((await this.connects(from, port)) === wanted ? true : undefined),
      { withinMs, everyMs: 200 },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#space[Symbol.dispose]();
    // Where it was never plugged in, or taken out again.
    try {
      execFileSync('ip', ['link', 'del', this.tap], { stdio: 'ignore' });
    } catch {
      return;
    }
  }
}
