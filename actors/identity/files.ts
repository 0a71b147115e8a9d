/** The few file operations that keys and certificates need, each of which may be the last before the power fails. */
export interface FilePort {
  /** Creates the directory and its parents, durably; its mode becomes `mode` even where it exists. */
  makeDirectory(path: string, mode: number): Promise<void>;
  /** The text of a file of at most 64 KiB; undefined when there is none. */
  read(path: string): Promise<string | undefined>;
  /** A new file with its contents on disk. Rejects where one exists. */
  create(path: string, text: string, mode: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Absent is fine. */
  remove(path: string): Promise<void>;
  /** Makes renames in the directory durable. */
  syncDirectory(path: string): Promise<void>;
}

/**
 * Writes a file so that after a crash at any moment either the old contents or the new stand there whole, and once this
 * resolves the new do. A `.tmp` left by an earlier crash is replaced.
 */
export async function writeWhole(
  files: FilePort,
  directory: string,
  name: string,
  { text, mode }: { readonly text: string; readonly mode: number },
): Promise<void> {
  const path = `${directory}/${name}`;
  await files.remove(`${path}.tmp`);
  await files.create(`${path}.tmp`, text, mode);
  await files.rename(`${path}.tmp`, path);
  await files.syncDirectory(directory);
}
