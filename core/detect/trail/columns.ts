type Column = Int32Array | Uint32Array | Uint16Array | Uint8Array | Float64Array;

/** A longer copy of a column, half as long again at least, so that growing one by one costs little in all. */
export function grown<C extends Column>(column: C, length: number): C {
  const wider = new (column.constructor as new (length: number) => C)(Math.max(length, Math.ceil(column.length * 1.5)));
  wider.set(column);
  return wider;
}
