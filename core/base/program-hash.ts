/** File in `dist/` with the program's SHA-256 in hex: written by the build, read at each start. */
export const PROGRAM_HASH = 'bundle/program.sha256';
