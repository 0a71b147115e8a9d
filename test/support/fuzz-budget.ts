/** Milliseconds that each fuzz target may try; `BARTIZAN_FUZZ_SECONDS` sets it, for longer runs by hand. */
export const FUZZ_BUDGET_MS: number = Number(process.env['BARTIZAN_FUZZ_SECONDS'] ?? 3) * 1000;
