/** Milliseconds that each fuzz target may try. `BARTIZAN_FUZZ_SECONDS` gives another number: 60 by `npm run fuzz`. */
export const FUZZ_BUDGET_MS: number = Number(process.env['BARTIZAN_FUZZ_SECONDS'] ?? 10) * 1000;
