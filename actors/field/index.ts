import { pageFiles, runtimeDirectory } from './effects.ts';
import { StatusConsole, type StatusConsoleDeps } from './status-console.ts';

export { readMachine } from './effects.ts';
export type { Machine } from './port.ts';
export {
  closeForProvisioning,
  type Provisioned,
  type ProvisionFailure,
  type ProvisionRequest,
  provision,
} from './provision.ts';
export { provisionFrom } from './provision-from.ts';
export type { StatusConsole } from './status-console.ts';

/** The page of the status console, in the folder that the service manager made for it, if it did. */
export function statusConsole(deps: Omit<StatusConsoleDeps, 'files' | 'folder'>): StatusConsole {
  const folder = runtimeDirectory();
  return new StatusConsole({ ...deps, files: pageFiles, ...(folder === undefined ? {} : { folder }) });
}
