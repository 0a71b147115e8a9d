/** `observe`: kernel untouched. `dry_run`: only an operator's blocks reach the kernel. `enforce`: findings block too. */
export const MODES = ['observe', 'dry_run', 'enforce'] as const;
export type Mode = (typeof MODES)[number];
