import { fail, ok, type Result } from '../core/base/result.ts';

export type Mode = 'build' | 'deb' | 'test' | 'lock';

/** What `npm run image` was asked to do. */
export type Order =
  | {
      readonly mode: 'build';
      /** Instead of package.json's. */
      readonly version?: string;
      /** A folder that is copied over the root before that is squashed. */
      readonly overlay?: string;
      /** The newest packages of the mirror, whatever is pinned. */
      readonly newest: boolean;
      /** A tenth of the time for the root, which gets a tenth larger: for tests. */
      readonly fast: boolean;
    }
  | { readonly mode: 'lock' }
  | { readonly mode: 'deb' | 'test'; readonly rest: readonly string[] };

export const USAGE = `usage: npm run image                        build the image and its update bundle
         [-- --version V]                  of another version than package.json's
         [-- --overlay DIR]                with the files of DIR copied over its root
         [-- --newest]                     of the mirror's newest packages instead of the pinned ones
         [-- --fast]                       a larger root sooner, for tests
       npm run image -- lock               pin the mirror's newest packages
       npm run image -- deb                build the Debian package
       npm run image -- test [...]         try the image in a virtual machine`;

/** As rauc, GRUB and file names bear it. */
const VERSION = /^[0-9][0-9A-Za-z.+~-]{0,63}$/;

export function readOrder(words: readonly string[]): Result<Order, 'usage'> {
  const [first = 'build', ...rest] = words;
  if (first === 'deb' || first === 'test') return ok({ mode: first, rest });
  if (first === 'lock') return rest.length === 0 ? ok({ mode: 'lock' }) : fail('usage', USAGE);
  const options = [...(first === 'build' ? rest : words)];
  let order: Order & { mode: 'build' } = { mode: 'build', newest: false, fast: false };
  while (options.length > 0) {
    const [name = '', given] = (options.shift() ?? '').split(/=(.*)/s, 2);
    if (given === undefined && (name === '--newest' || name === '--fast')) {
      order = { ...order, [name.slice(2)]: true };
      continue;
    }
    const value = given ?? options.shift() ?? '';
    if (name === '--version' && VERSION.test(value)) order = { ...order, version: value };
    else if (name === '--overlay' && value !== '') order = { ...order, overlay: value };
    else return fail('usage', USAGE);
  }
  return ok(order);
}
