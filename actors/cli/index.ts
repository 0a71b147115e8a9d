export type {
  Answer,
  CliDeps,
  ControlCode,
  ControlRequest,
  LogBatch,
  LogProgress,
  LogRunner,
  Output,
  ServeOptions,
} from './deps.ts';
export { cliDeps } from './effects.ts';
export { runCli } from './run.ts';
