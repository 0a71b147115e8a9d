import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { OpenApi, Operation, Parameter } from './document.ts';

const STYLE = `
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code, pre { font: 0.9rem/1.4 ui-monospace, monospace }
pre { overflow: auto; padding: 0.75rem; border: 1px solid color-mix(in srgb, currentColor 20%, transparent) }
section { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); margin-top: 2rem }
table { border-collapse: collapse }
td, th { text-align: left; vertical-align: top; padding: 0.1rem 1rem 0.1rem 0 }
`;

/** Nothing but this page's own style may be used. */
export const PAGE_POLICY =
  `default-src 'none'; style-src 'sha256-${btoa(String.fromCharCode(...sha256(utf8ToBytes(STYLE))))}'; ` +
  "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** An OpenAPI document as one plain HTML page. */
export function apiPage(api: OpenApi): string {
  const operations = Object.entries(api.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ heading: `${method.toUpperCase()} ${path}`, operation })),
  );
  const contents = operations.map(
    ({ heading, operation }) => `<li><a href="#${text(operation.operationId)}"><code>${text(heading)}</code></a></li>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${text(api.info.title)} API</title>
<style>${STYLE}</style>
<h1>${text(api.info.title)} API ${text(api.info.version)}</h1>
<p>${text(api.info.description)} For machines: <a href="/api/v1/openapi.json">OpenAPI 3.1</a>.</p>
<ul>
${contents.join('\n')}
</ul>
${operations.map(({ heading, operation }) => section(api, heading, operation)).join('\n')}
</html>
`;
}

function section({ components }: OpenApi, heading: string, operation: Operation): string {
  const { operationId, summary, parameters = [], requestBody, responses, security } = operation;
  const body = requestBody?.content['application/json'];
  const reply = Object.values(responses).find((response) => 'content' in response);
  const [media] = Object.values(reply !== undefined && 'content' in reply ? (reply.content ?? {}) : {});
  const refusals = Object.keys(responses).filter((status) => Number(status) >= 400);
  return [
    `<section id="${text(operationId)}">`,
    `<h2><code>${text(heading)}</code></h2>`,
    `<p>${text(summary)}.</p>`,
    `<p>Scope: ${text(scopeOf(security))}. Refusals: ${text(refusals.join(', '))}.</p>`,
    parameters.length === 0 ? '' : parameterTable(parameters),
    body?.example === undefined ? '' : `<p>Body, for example:</p>${json(body.example)}`,
    body === undefined
      ? ''
      : `<details><summary>Schema of the body</summary>${json(resolved(components, body.schema))}</details>`,
    media === undefined
      ? ''
      : `<details><summary>Schema of the answer</summary>${json(resolved(components, media.schema))}</details>`,
    '</section>',
  ]
    .filter((line) => line !== '')
    .join('\n');
}

const scopeOf = (security: Operation['security']): string => Object.values(security[0] ?? {})[0]?.[0] ?? 'none';

function parameterTable(parameters: readonly Parameter[]): string {
  const rows = parameters.map(
    ({ name, required, description = '' }) =>
      `<tr><td><code>${text(name)}</code></td><td>${required ? 'required' : ''}</td><td>${text(description)}</td></tr>`,
  );
  return `<table><tr><th>parameter</th><th></th><th></th></tr>\n${rows.join('\n')}\n</table>`;
}

function resolved({ schemas }: OpenApi['components'], schema: object): unknown {
  const name = '$ref' in schema ? String(schema.$ref).split('/').at(-1) : undefined;
  return name === undefined ? schema : schemas[name];
}

const json = (value: unknown): string => `<pre>${text(JSON.stringify(value, null, 2))}</pre>`;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const text = (plain: string): string => plain.replace(/[&<>"]/g, (c) => ENTITIES[c] ?? c);
