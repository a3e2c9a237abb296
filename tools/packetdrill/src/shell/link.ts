// tc and ethtool: whether the device cuts super-segments itself. What else they set makes no difference on a device that sends at once; what would make
// one is refused.
import { fail } from '../failure.js';
import { isTcp } from '../run/wire.js';
import { type Done, done, type ShellContext } from './shell.js';

/** Disciplines that pass packets on in their order; fq's pacing is TCP's own here. */
const DISCIPLINES = new Set(['pfifo', 'bfifo', 'pfifo_fast', 'noqueue', 'fq', 'fq_codel']);

/** Where the device does not, the stack cuts. */
const SEGMENTATION = new Set(['tso', 'tcp-segmentation-offload']);
/** TCP makes super-segments in any case, and leaves checksums to the device. */
const ALWAYS_ON = new Set(['gso', 'generic-segmentation-offload', 'tx', 'sg']);

export function tc(_: ShellContext, words: readonly string[]): Done {
  const [, object, action = '', ...rest] = words;
  if (object !== 'qdisc') return fail(`tc ${object} is not understood; tc qdisc is`);
  if (action === 'delete' || action === 'del' || action === 'show') return done();
  if (action !== 'add' && action !== 'replace' && action !== 'change')
    return fail(`tc qdisc ${action} is not understood; add, replace and delete are`);
  const at = rest.indexOf('root');
  const [name = '', ...parameters] = at < 0 ? [] : rest.slice(at + 1);
  if (!DISCIPLINES.has(name)) return fail(`tc: the stack has no queue discipline ${name}`);
  if (parameters.includes('limit')) return fail(`tc: the device's queue has no limit, so ${name} cannot have one`);
  return done();
}

export function ethtool({ device }: ShellContext, words: readonly string[]): Done {
  const [, option, , ...features] = words;
  if (option !== '-K' && option !== '--offload' && option !== '--features') return fail(`ethtool ${option} is not understood; -K is`);
  for (let at = 0; at < features.length; at += 2) {
    const name = features[at] as string;
    const isOn = features[at + 1] === 'on';
    if (SEGMENTATION.has(name)) device.cuts = isOn ? isTcp : () => false;
    else if (isOn && !ALWAYS_ON.has(name)) return fail(`ethtool: the device has no ${name}, so it cannot be turned on`);
  }
  return done();
}
