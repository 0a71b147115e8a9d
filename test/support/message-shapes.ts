import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { ROOT } from './root.ts';

/** What must not change of a field once it is released. */
export interface FieldShape {
  readonly number: number;
  readonly type: string;
  readonly repeated: boolean;
  /** Name of the `oneof` it is in. */
  readonly oneof?: string;
}

export interface Shapes {
  readonly messages: Readonly<Record<string, Readonly<Record<string, FieldShape>>>>;
  readonly enums: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Of every field and value that has no comment in the declaration, its name. */
export interface DeclaredMessages extends Shapes {
  readonly silent: readonly string[];
}

/** Reads the declarations in `proto/bartizan`, with their comments. */
export function readProtos(): protobuf.Root {
  const root = new protobuf.Root();
  root.resolvePath = (_, target) => join(ROOT, 'proto', target);
  for (const file of globSync('proto/bartizan/**/*.proto', { cwd: ROOT }).sort()) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    protobuf.parse(text, root, { alternateCommentMode: true, keepCase: true });
  }
  root.resolveAll();
  return root;
}

/** What of them a release fixes. */
export function readDeclarations(): DeclaredMessages {
  const root = readProtos();
  const messages: Record<string, Record<string, FieldShape>> = {};
  const enums: Record<string, Record<string, number>> = {};
  const silent: string[] = [];
  const walk = (space: protobuf.NamespaceBase): void => {
    for (const one of space.nestedArray) {
      if (one instanceof protobuf.Type) {
        messages[one.name] = Object.fromEntries(one.fieldsArray.map((field) => [field.name, shapeOf(field)]));
        silent.push(...one.fieldsArray.filter(({ comment }) => !comment).map(({ name }) => `${one.name}.${name}`));
      } else if (one instanceof protobuf.Enum) {
        enums[one.name] = { ...one.values };
        silent.push(
          ...Object.keys(one.values)
            .filter((name) => !one.comments[name])
            .map((name) => `${one.name}.${name}`),
        );
      }
      if (one instanceof protobuf.Namespace) walk(one);
    }
  };
  walk(root);
  return { messages, enums, silent };
}

const shapeOf = (field: protobuf.Field): FieldShape => ({
  number: field.id,
  type: field instanceof protobuf.MapField ? `map<${field.keyType}, ${field.type}>` : field.type,
  repeated: field.repeated,
  ...(field.partOf === null ? {} : { oneof: field.partOf.name }),
});

/** How `now` would misread what was released as `before`: one line each. */
export function breaks(before: Shapes, now: Shapes): readonly string[] {
  const found: string[] = [];
  for (const [message, fields] of Object.entries(before.messages))
    for (const [name, shape] of Object.entries(fields)) {
      const field = now.messages[message]?.[name];
      if (field === undefined) found.push(`${message}.${name} is gone`);
      else if (JSON.stringify(field) !== JSON.stringify(shape)) found.push(`${message}.${name} has changed`);
    }
  for (const [name, values] of Object.entries(before.enums))
    for (const [value, number] of Object.entries(values))
      if (now.enums[name]?.[value] !== number) found.push(`${name}.${value} has changed`);
  return found;
}
