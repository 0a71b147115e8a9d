import { overlaps, parseCidr } from '../../core/base/ip.ts';

/**
 * Whether rules in the kernel are such as the product may have there, judged by what `nft -j` tells, and not by how they were
 * written: Bartizan's two chains at their hooks, and nothing that can drop ahead of lo, of what is allowed and of the floor.
 */

// biome-ignore lint/suspicious/noExplicitAny: what nft tells has many shapes
type Told = any;

const HOOKS: Readonly<Record<string, string>> = { guard: 'prerouting -190', host: 'input -5' };

/** @returns what is wrong with the table `bartizan` in `nft -j list ruleset`; undefined when nothing is */
export function soundRules(json: string, floor: readonly string[]): string | undefined {
  const { nftables } = JSON.parse(json) as { readonly nftables: readonly Told[] };
  const ours = nftables.filter((entry) => Object.values<Told>(entry).some(({ table }) => table === 'bartizan'));
  const sets = new Map<string, readonly string[]>(
    ours.flatMap(({ set }) => (set === undefined ? [] : [[set.name, (set.elem ?? []).map(networkOf)]])),
  );
  for (const { chain } of ours) {
    if (chain?.hook === undefined) continue;
    if (HOOKS[chain.name] !== `${chain.hook} ${chain.prio}` || chain.policy !== 'accept') {
      return `chain ${chain.name} stands at ${chain.hook} ${chain.prio}, policy ${chain.policy}`;
    }
    const rules = ours.flatMap(({ rule }) => (rule?.chain === chain.name ? [rule.expr] : []));
    const wrong = unguarded(rules, sets, floor);
    if (wrong !== undefined) return `chain ${chain.name} can drop ahead of ${wrong}`;
  }
  return undefined;
}

function unguarded(
  rules: readonly (readonly Told[])[],
  sets: ReadonlyMap<string, readonly string[]>,
  floor: readonly string[],
): string | undefined {
  const letIn = new Set<string>();
  for (const expr of rules) {
    const [match, verdict] = expr;
    if (expr.some((one) => 'drop' in one || 'goto' in one || 'jump' in one || 'reject' in one || 'queue' in one)) {
      const held = [...letIn].flatMap((name) => sets.get(name) ?? []);
      return ['lo', 'allowed4', 'allowed6'].find((name) => !letIn.has(name)) ?? floor.find((net) => !isHeld(net, held));
    }
    if (expr.length !== 2 || !('accept' in verdict) || match.match?.op !== '==') continue;
    const { left, right } = match.match;
    if (left.meta?.key === 'iifname' && right === 'lo') letIn.add('lo');
    if (left.payload?.field === 'saddr' && `${right}`.startsWith('@')) letIn.add(`${right}`.slice(1));
  }
  return undefined;
}

const networkOf = (elem: Told): string =>
  typeof elem === 'string' ? elem : elem.prefix === undefined ? '' : `${elem.prefix.addr}/${elem.prefix.len}`;

/** By one network that is as wide. */
function isHeld(net: string, held: readonly string[]): boolean {
  const inner = parseCidr(net);
  return held.some((text) => {
    const outer = parseCidr(text);
    return inner.ok && outer.ok && outer.value.prefix <= inner.value.prefix && overlaps(outer.value, inner.value);
  });
}
