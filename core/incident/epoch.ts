/**
 * One numbering of findings. Serials alone do not tell which finding is meant: what a store loses, at a power cut or to
 * damage, is numbered again. So every run of the program numbers under a name of its own, and of an earlier run is known
 * how far its serials can be believed: up to where any later one began.
 */
export interface Epoch {
  /** 1 to 32 lower case letters and digits, never given twice. */
  readonly name: string;
  /** Serial of the newest finding that was kept when it began. */
  readonly after: number;
}

/** Those that are remembered, oldest first; the last is the present one. */
export type Epochs = readonly [...Epoch[], Epoch];
