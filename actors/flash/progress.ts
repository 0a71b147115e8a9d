export type Phase = 'check' | 'write' | 'verify';

/** Told as it goes on: bytes done of all, where all is known. */
export type Progress = (phase: Phase, done: number, total: number | undefined) => void;
