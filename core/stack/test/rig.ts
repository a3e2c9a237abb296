// What the tests of the stack share: a host whose time is a number, small plugins.
import { attach, definePlugin, own, type Plugin, provide, type Service, u8Point, use } from '@protoloom/contracts';
import { assemble, type Stack, type StackHost } from '@protoloom/stack';

export interface Host extends StackHost {
  us: number;
  readonly lines: string[];
}

export function host(): Host {
  let word = 1;
  const lines: string[] = [];
  return {
    us: 1_000_000,
    lines,
    nowUs() {
      return this.us;
    },
    entropy(bytes) {
      for (let i = 0; i < bytes.length; i++) {
        word = (word * 1103515245 + 12345) & 0x7fffffff;
        bytes[i] = word >> 16;
      }
    },
    log: (level, plugin, message) => void lines.push(`${level} ${plugin}: ${message}`),
  };
}

export const stackOf = (plugins: readonly Plugin[], at: Host = host()): Stack => assemble({ plugins, host: at, poison: true });

export const POINT = u8Point<(n: number) => undefined>('test.point', 1);
export const manifest = { version: '1.0.0', api: '^1.0.0' } as const;

/** Provides a service whose value is its own name. */
export const provider = (name: string, token: Service<string>, version = '1.0.0', uses: readonly Service<string>[] = []): Plugin =>
  definePlugin({
    ...manifest,
    name,
    uses: Object.fromEntries(uses.map((one) => [one.id, use(one, '^1.0')])),
    provides: { it: provide(token, version) },
    create: () => ({ services: { it: name } }),
  });

/** Owns POINT and notes what falls to it. */
export const owner = (seen: number[] = [], name = 'owner'): Plugin =>
  definePlugin({
    ...manifest,
    name,
    owns: { point: own(POINT, '1.0.0') },
    create: () => ({
      otherwise: {
        point: {
          handler: (n: number) => {
            seen.push(n);
            return undefined;
          },
        },
      },
    }),
  });

export const attacher = (name: string, key: number, range = '^1.0'): Plugin =>
  definePlugin({ ...manifest, name, attaches: { it: attach(POINT, key, range) }, create: () => ({ handlers: { it: () => undefined } }) });
