export interface KeptScript {
  /** What it is made of. */
  readonly entry: string;
  /** Cannot be evaluated but on its thread; then all that it imports has been. */
  readonly isThread?: boolean;
}

/** What every start runs and a script of the bundle is made of, by the script's place in `dist/`: their compiled code is kept. */
export const KEPT_SCRIPTS: Readonly<Record<string, KeptScript>> = {
  'bundle/daemon.cjs': { entry: 'actors/daemon/index' },
  'bundle/pipeline.cjs': { entry: 'actors/pipeline/worker', isThread: true },
};

/** Made of a library by itself, and run by the first start. */
export const CERTIFICATES = 'generated/certificates.cjs';

/** Begins the pipeline's thread, in place of its module. */
export const PIPELINE_THREAD = 'bundle/worker.cjs';
