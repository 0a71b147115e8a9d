import type { Log } from '../../core/base/ports.ts';
export const createLog =
  (_: { level: string }): Log =>
  (level, message, about) => {
    process.stderr.write(JSON.stringify({ level, message, ...about }) + '\n');
  };
