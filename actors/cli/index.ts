export { becomeOwnerOf } from './as-owner.ts';
export type {
  Answer,
  CliDeps,
  ControlCode,
  ControlRequest,
  EventSearch,
  LogBatch,
  LogProgress,
  LogRunner,
  Output,
  ServeOptions,
} from './deps.ts';
export { cliDeps } from './effects.ts';
export { runCli } from './run.ts';
