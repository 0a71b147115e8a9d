import { cidrs } from './cidrs.ts';

/** A MaxMind DB of IPv4 with these networks, 24-bit records. */
export function smallTree(rows: readonly (readonly [network: string, country: string])[]): Uint8Array {
  type Node = [left: Node | number | undefined, right: Node | number | undefined];
  const root: Node = [undefined, undefined];
  const data: number[] = [];
  for (const [text, country] of rows) {
    const [net] = cidrs(text);
    if (net === undefined) throw new Error(text);
    const at = data.length;
    data.push(0xe1, ...textData('country_code'), ...textData(country));
    let node = root;
    for (let bit = 0; bit < net.prefix; bit++) {
      const side = (((net.bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) as 0 | 1;
      if (bit === net.prefix - 1) node[side] = at;
      else {
        const next = node[side];
        const inner: Node = typeof next === 'object' ? next : [undefined, undefined];
        node[side] = inner;
        node = inner;
      }
    }
  }
  const nodes: Node[] = [root];
  for (const node of nodes) nodes.push(...node.filter((side): side is Node => typeof side === 'object'));
  const numberOf = (side: Node[0]): number =>
    side === undefined ? nodes.length : typeof side === 'number' ? nodes.length + 16 + side : nodes.indexOf(side);
  const tree = nodes.flatMap((node) =>
    node.flatMap((side) => [16, 8, 0].map((shift) => (numberOf(side) >> shift) & 255)),
  );
  const metadata = [
    0xe4,
    ...[...textData('node_count'), 0xc2, nodes.length >> 8, nodes.length & 255],
    ...[...textData('record_size'), 0xa1, 24],
    ...[...textData('ip_version'), 0xa1, 4],
    ...[...textData('binary_format_major_version'), 0xa1, 2],
  ];
  const mark = [0xab, 0xcd, 0xef, ...new TextEncoder().encode('MaxMind.com')];
  return Uint8Array.from([...tree, ...new Array<number>(16).fill(0), ...data, ...mark, ...metadata]);
}

const textData = (text: string): number[] => [0x40 | text.length, ...new TextEncoder().encode(text)];
