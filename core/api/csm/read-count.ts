/** As CSM reads numbers: what is none, or negative, is the default; what is too large, the most. */
export function readCount(text: string | undefined, standard: number, most: number): number {
  const count = /^\d{1,15}$/.test(text ?? '') ? Number(text) : standard;
  return Math.min(most, count);
}
