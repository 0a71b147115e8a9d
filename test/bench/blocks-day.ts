import { blocksDay, growth, perBlock } from '../support/blocks-day.ts';
import { declareBench } from './bench.ts';
import { rounded } from './statistics.ts';

/** Books, firewall and a kernel in memory through a day of the simulated clock; `growth_ratio` 1 means that nothing stays. */
export const blocksDayBench = declareBench({
  name: 'blocks-day',
  about: 'memory through a simulated day in which very many blocks come and end',
  options: { blocks: { about: 'at a time; each lasts six hours', value: 500_000 } },
  run: async ({ blocks }, say) => {
    const day = await blocksDay(blocks);
    for (const { hour, blocks: standing, heapBytes } of day) {
      say(`hour ${hour}: ${standing} blocks, ${rounded(heapBytes / 2 ** 20)} MiB`);
    }
    const last = day.at(-1)?.heapBytes ?? 0;
    return {
      growth_ratio: rounded(growth(day), 3),
      heap_mb: rounded(last / 2 ** 20, 1),
      bytes_per_block: perBlock(day),
    };
  },
});
