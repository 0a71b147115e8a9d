/** The few file operations that the status page needs; rejections are errno errors. */
export interface PagePort {
  /** Another content in the file's place, at once as a whole. */
  put(path: string, text: string, mode: number): Promise<void>;
  /** Says by the file's time of modification that it is still true. Rejects when it is not there. */
  touch(path: string): Promise<void>;
  /** Absent is fine. */
  remove(path: string): Promise<void>;
}

/** What of the machine does not change while it runs. */
export interface Machine {
  readonly slot?: string;
  readonly isLab: boolean;
}
