import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { Ajv, type AnySchemaObject } from 'ajv';

/**
 * Holds the bill of materials on standard input against CycloneDX's schemas in the folder that is its argument; prints
 * what is wrong as JSON. In a process of its own, since Ajv makes code at run time, which the product's flags forbid.
 */
const folder = process.argv[2] ?? '';
const schema = (name: string): AnySchemaObject =>
  JSON.parse(gunzipSync(readFileSync(`${folder}/${name}.schema.json.gz`)).toString()) as AnySchemaObject;

const ajv = new Ajv({
  strict: false,
  allErrors: true,
  formats: {
    'date-time': (given: string) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(given),
    uri: (given: string) => URL.canParse(given),
    'iri-reference': (given: string) => URL.canParse(given, 'http://base.example/'),
    'idn-email': (given: string) => /^[^@\s]+@[^@\s]+$/.test(given),
  },
});
const referred = 'http://cyclonedx.org/schema';
ajv.addSchema(schema('spdx'), `${referred}/spdx.SNAPSHOT.schema.json`);
ajv.addSchema(schema('jsf-0.82'), `${referred}/jsf-0.82.SNAPSHOT.schema.json`);
const validate = ajv.compile(schema('bom-1.6'));
validate(JSON.parse(await text(process.stdin)));
process.stdout.write(
  JSON.stringify((validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)),
);
