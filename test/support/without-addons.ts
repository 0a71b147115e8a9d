/** Loaded before a thread's program: the addons named in `BARTIZAN_WITHOUT` (by commas) do not open. */
import { Module } from 'node:module';

type Open = (module: unknown, file: string) => void;

const { _extensions: extensions } = Module as unknown as { readonly _extensions: Record<'.node', Open> };
const open = extensions['.node'];
const without = (process.env['BARTIZAN_WITHOUT'] ?? '').split(',').filter((name) => name !== '');

extensions['.node'] = (module, file) => {
  if (without.some((name) => file.endsWith(`/${name}.node`))) throw new Error(`${file} is left out`);
  open(module, file);
};
