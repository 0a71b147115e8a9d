/**
 * Build step, after tsc: compiles every request schema to plain functions, so that the daemon can run with
 * `--disallow-code-generation-from-strings`. Writes `dist/generated/validators.cjs`. Has to run without that flag.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { plainSchema } from '../../core/api/schema.ts';
import { API_SCHEMAS } from '../../core/api/tables.ts';
import type { NamedSchema } from '../../core/api/validation.ts';

/** Every list of schemas the product declares. */
const SOURCES: readonly (readonly NamedSchema[])[] = [API_SCHEMAS];

/**
 * The compiled schemas as the text of one CommonJS module, each exported under its name.
 * @throws on a schema that Ajv's strict mode refuses
 */
export function compileSchemas(schemas: readonly NamedSchema[]): string {
  const ajv = new Ajv({ strict: true, allErrors: false, code: { source: true, lines: true } });
  for (const { name, schema, unknownField } of schemas) {
    ajv.addSchema(plainSchema(schema, unknownField), name);
  }
  return standalone.default(ajv, Object.fromEntries(schemas.map(({ name }) => [name, name])));
}

if (import.meta.main) {
  const target = join(import.meta.dirname, '../../generated/validators.cjs');
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, compileSchemas(SOURCES.flat()));
}
