import { after, before, describe } from 'node:test';
import type { NftPort } from '../../native/nft/port.ts';
import { batchCases } from './nft-suite-batches.ts';
import { bulkCases } from './nft-suite-bulk.ts';
import { declarationCases } from './nft-suite-declarations.ts';
import { elementCases } from './nft-suite-elements.ts';
import { done, type Ground, type NftBench, usual } from './nft-suite-ground.ts';
import { guardedCases } from './nft-suite-guarded.ts';
import { intervalCases } from './nft-suite-intervals.ts';
import { keyCases } from './nft-suite-keys.ts';
import { portCases } from './nft-suite-port.ts';
import { randomCases } from './nft-suite-random.ts';
import { ruleCases } from './nft-suite-rules.ts';
import { troubleCases } from './nft-suite-trouble.ts';
import { watchCases } from './nft-suite-watch.ts';

/** The behaviour of an `NftPort`, whatever stands behind it. */
export function nftSuite(name: string, make: () => Promise<NftBench>, skip: string | false = false): void {
  describe(`nftables port, ${name}`, { skip }, () => {
    let bench: NftBench | undefined;
    let port: NftPort | undefined;
    let made = 0;
    before(async () => {
      bench = await make();
      port = await bench.open();
    });
    after(async () => {
      await port?.close();
      await bench?.dispose();
    });
    const ground = (): Ground => {
      if (bench === undefined || port === undefined) throw new Error('the bench did not open');
      const open = port;
      return {
        bench,
        port,
        table: async () => {
          const table = `case${++made}`;
          done(await open.ensure(usual(table)));
          return table;
        },
      };
    };
    declarationCases(ground);
    elementCases(ground);
    batchCases(ground);
    intervalCases(ground);
    keyCases(ground);
    ruleCases(ground);
    guardedCases(ground);
    bulkCases(ground);
    watchCases(ground);
    portCases(ground);
    troubleCases(ground);
    randomCases(ground);
  });
}
