import { fuzzParsers, PARSERS_OF_LOGINS } from '../support/parser-fuzz.ts';

fuzzParsers((name) => PARSERS_OF_LOGINS.has(name));
