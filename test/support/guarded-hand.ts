import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as allowed from '../../actors/firewall/allowed.ts';
import { tableOf } from '../../actors/firewall/table.ts';
import type { Cidr } from '../../core/base/ip.ts';
import { millis } from '../../core/base/time.ts';
import { HandLink } from '../../native/nft/hand/link.ts';
import type { NftOp, NftPort, TableDeclaration } from '../../native/nft/index.ts';
import { decodeAnswer } from '../../native/nft/wire.ts';
import { done } from '../contract/nft-suite-ground.ts';
import { HandSite } from './net-hand.ts';
import { NetworkNamespace } from './network-namespace.ts';

/** What the floor of these hands names. */
export const FLOOR: readonly string[] = ['192.0.2.0/24', '2001:db8:f::/48'];
/** An address of the namespace's own. */
export const OWN = '198.51.100.1';

/** The product's table, with the floor in infra unless told otherwise. */
export const productTable = (infra: readonly string[] = FLOOR, denied: readonly string[] = []): TableDeclaration =>
  tableOf('bartizan', 1000, { confirmed: { infra, denied } });

export const blocking = (key: string): NftOp => ({
  kind: 'add',
  set: key.includes(':') ? 'blocked6' : 'blocked4',
  key,
  timeout: millis(3_600_000),
});

/** What lets these networks in, and nobody else. */
export const allowedOps = (networks: readonly Cidr[]): readonly NftOp[] => allowed.allowedOps({ networks, ports: [] });

/** A hand with a floor in a namespace of its own that has an address. */
export class GuardedHand {
  readonly namespace = new NetworkNamespace('guard');
  readonly site: HandSite;

  constructor(args: readonly string[] = [], program?: string) {
    this.namespace.ip('link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far');
    this.namespace.ip('addr', 'add', `${OWN}/24`, 'dev', 'near');
    this.site = new HandSite(this.namespace.name, args, program);
    writeFileSync(join(this.site.folder, 'floor'), `# kept\n${FLOOR.join('\n')}\n`, { mode: 0o600 });
  }

  get floor(): readonly string[] {
    return ['--floor', join(this.site.folder, 'floor')];
  }

  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.site.start(env, this.floor);
  }

  /** With the product's table in the kernel. */
  async ready(): Promise<NftPort> {
    await this.start();
    const port = await this.site.open();
    done(await port.ensure(productTable()));
    return port;
  }

  /** The wire itself, as a main that keeps no rule would use it. */
  async wire(): Promise<HandLink> {
    const link = new HandLink({ socket: this.site.socket });
    const trouble = await link.attempted();
    if (trouble !== undefined) throw new Error(trouble);
    return link;
  }

  /** The whole ruleset as nft prints it, without what counts. */
  ruleset(): string {
    return this.namespace.exec('nft', ['-s', 'list', 'ruleset']);
  }

  async dispose(): Promise<void> {
    await this.site.dispose();
    this.namespace.dispose();
  }
}

export const arming = (ms: number): Uint8Array => {
  const bytes = Buffer.alloc(5);
  bytes[0] = 240;
  bytes.writeUInt32LE(ms, 1);
  return bytes;
};
export const SETTLING: Uint8Array = Uint8Array.of(241);

/** The refusal's words; undefined where it was done. */
export const refusalOf = (answer: Uint8Array): string | undefined => {
  const decoded = decodeAnswer(answer);
  return decoded.ok ? undefined : decoded.reason || `errno ${decoded.errno}`;
};
