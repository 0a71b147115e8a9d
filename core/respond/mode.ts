/** `observe`: kernel untouched. `dry_run`: only an operator's blocks reach the kernel. `enforce`: findings block too. */
export type Mode = 'observe' | 'dry_run' | 'enforce';
export const MODES = ['observe', 'dry_run', 'enforce'] as const satisfies readonly Mode[];
