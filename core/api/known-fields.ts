interface ObjectSchema {
  readonly properties?: Readonly<Record<string, object>>;
  readonly additionalProperties?: unknown;
  readonly items?: object;
}

/**
 * The value without the fields that its schema does not name, at every depth. An object that says itself what it does
 * with further fields keeps them, and where schemas are to choose from the value stays whole.
 */
export function knownFields(schema: ObjectSchema, value: unknown): unknown {
  const { properties, additionalProperties, items } = schema;
  if (Array.isArray(value)) return items === undefined ? value : value.map((one) => knownFields(items, one));
  if (typeof value !== 'object' || value === null || properties === undefined || additionalProperties !== undefined) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) => {
      const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
      return known === undefined ? [] : [[name, knownFields(known, one)]];
    }),
  );
}
