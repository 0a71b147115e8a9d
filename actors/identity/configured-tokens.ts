import type { Scope } from '../../core/api/auth.ts';
import { type Failure, fail, ok, type Result } from '../../core/base/result.ts';
import { type IdentityEffects, sha256 } from './effects.ts';
import { LONGEST_TOKEN, SHORTEST_TOKEN, type Token } from './tokens.ts';

/**
 * A token as the config has it: an entry of `webui.tokens`, or what `webui.metrics_token` and `webui.auth_token` stand
 * for. Exactly one of the three secrets stands in it.
 */
export interface ConfiguredToken {
  readonly name: string;
  readonly scope: Scope;
  readonly token?: string;
  /** 64 hex digits, any case. */
  readonly token_sha256?: string;
  /** A file that only its owner can read, with the token in its first line. */
  readonly token_file?: string;
}

/** Printable ASCII without a space: what fits into an Authorization header. */
const TOKEN_FORM = new RegExp(`^[\\x21-\\x7e]{${SHORTEST_TOKEN},${LONGEST_TOKEN}}$`);

/** Tokens of the config; an entry that says the same again is one. The first that cannot be used is named. */
export async function configuredTokens(
  configured: readonly ConfiguredToken[],
  { readSecret }: Pick<IdentityEffects, 'readSecret'>,
): Promise<Result<readonly Token[], 'token'>> {
  const given = new Map<string, ConfiguredToken>();
  const tokens: Token[] = [];
  for (const entry of configured) {
    const digest = await digestOf(entry, readSecret);
    if (!digest.ok) return digest;
    const twin = given.get(digest.value);
    if (twin?.name === entry.name && twin.scope === entry.scope) continue;
    if (twin !== undefined) return refuse(entry, `is the same as token "${twin.name}"`);
    given.set(digest.value, entry);
    const { name, scope } = entry;
    tokens.push({ digest: digest.value, name, scopes: [scope], source: 'config', expiresAt: 'never' });
  }
  return ok(tokens);
}

async function digestOf(
  entry: ConfiguredToken,
  readSecret: IdentityEffects['readSecret'],
): Promise<Result<string, 'token'>> {
  const { token, token_sha256: digest, token_file: file } = entry;
  if ([token, digest, file].filter((secret) => secret !== undefined).length !== 1) {
    return refuse(entry, 'needs exactly one of token, token_sha256 and token_file');
  }
  if (digest !== undefined) {
    return /^[0-9a-f]{64}$/i.test(digest)
      ? ok(digest.toLowerCase())
      : refuse(entry, 'needs a SHA-256 of 64 hex digits');
  }
  const secret = file === undefined ? ok(token ?? '') : await readSecret(file);
  if (!secret.ok) return refuse(entry, `cannot be loaded: ${secret.public}`);
  return TOKEN_FORM.test(secret.value)
    ? ok(sha256(secret.value))
    : refuse(entry, `must be ${SHORTEST_TOKEN} to ${LONGEST_TOKEN} printable ASCII characters without blanks`);
}

const refuse = ({ name }: ConfiguredToken, what: string): Failure<'token'> => fail('token', `token "${name}" ${what}`);
