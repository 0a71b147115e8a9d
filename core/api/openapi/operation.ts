import type { Endpoint } from '../endpoint.ts';
import { type JsonSchema, plainSchema } from '../schema.ts';
import type { Surface } from '../surface.ts';
import type { Content, MediaType, Operation, Parameter, Response } from './document.ts';
import { errorsOf } from './errors.ts';
import { securityOf } from './security.ts';

const capitalised = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

export const responseName = ({ name }: Endpoint<never>): string => `${capitalised(name)}Response`;
export const requestName = ({ name }: Endpoint<never>): string => `${capitalised(name)}Request`;

const refTo = (name: string) => ({ $ref: `#/components/schemas/${name}` });

export function operationOf(endpoint: Endpoint<never>, surface: Surface, tag: string): Operation {
  const { name, summary, query, body, upload } = endpoint;
  const parameters = [
    ...(query === undefined ? [] : parametersOf(endpoint, plainSchema(query))),
    ...(endpoint.conditional === true ? [IF_MATCH] : []),
  ];
  const takesBody = (body ?? upload) !== undefined;
  return {
    operationId: name,
    tags: [tag],
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(takesBody ? { requestBody: { required: endpoint.optionalBody !== true, content: bodyContent(endpoint) } } : {}),
    responses: { ...successOf(endpoint), ...errorsOf(endpoint, surface) },
    security: securityOf(endpoint, surface),
  };
}

function parametersOf({ path, example }: Endpoint<never>, query: JsonSchema): readonly Parameter[] {
  const required = (query['required'] ?? []) as readonly string[];
  const examples = (example?.query ?? {}) as Readonly<Record<string, unknown>>;
  return Object.entries((query['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>).map(([name, declared]) => {
    const inPath = path.includes(`{${name}}`);
    const { description, ...schema } = declared;
    return {
      name,
      in: inPath ? 'path' : 'query',
      required: inPath || required.includes(name),
      schema,
      ...(typeof description === 'string' ? { description } : {}),
      ...(name in examples ? { example: examples[name] } : {}),
    };
  });
}

const IF_MATCH: Parameter = {
  name: 'If-Match',
  in: 'header',
  required: true,
  schema: { type: 'string' },
  description: 'The etag that was read, quoted or not, or * for whatever is there',
  example: '*',
};

/** Which parts an upload has is its handler's business; every one of them may be a file. */
const UPLOAD: JsonSchema = {
  type: 'object',
  additionalProperties: { type: 'string', description: 'The content of a file' },
};

function bodyContent(endpoint: Endpoint<never>): Content {
  if (endpoint.upload !== undefined) return { 'multipart/form-data': { schema: UPLOAD } };
  const media: MediaType = {
    schema: refTo(requestName(endpoint)),
    ...(endpoint.example?.body === undefined ? {} : { example: endpoint.example.body }),
  };
  return {
    'application/json': media,
    ...(endpoint.form === true ? { 'application/x-www-form-urlencoded': media } : {}),
  };
}

function successOf(endpoint: Endpoint<never>): Readonly<Record<string, Response>> {
  const done: Response = { description: 'Done', content: replyContent(endpoint) };
  if (endpoint.transport === 'file') {
    const part = { description: 'The stretch that Range asked for', content: replyContent(endpoint) };
    return { 200: done, 206: part, 304: { description: 'Not changed since the ETag that If-None-Match named' } };
  }
  return endpoint.form === true
    ? { 200: done, 302: { description: 'Done, when the body was an HTML form' } }
    : { [endpoint.status ?? 200]: done };
}

function replyContent(endpoint: Endpoint<never>): Content {
  const schema = refTo(responseName(endpoint));
  switch (endpoint.transport ?? 'json') {
    case 'json':
      return { 'application/json': { schema } };
    case 'text':
      return { [(endpoint.contentType ?? 'text/plain').split(';', 1)[0] ?? 'text/plain']: { schema } };
    case 'csv':
      return { 'text/csv': { schema: { type: 'string', description: 'One row each', 'x-row': schema } } };
    case 'file':
      return { 'application/octet-stream': { schema: { type: 'string' } } };
    case 'sse':
      return { 'text/event-stream': { schema: { type: 'string', description: 'Data of each', 'x-data': schema } } };
  }
}
