// How V8 compiles the packet path.
import { setFlagsFromString } from 'node:v8';

/**
 * A packet passes some two hundred small functions of a dozen packages. V8 inlines 920 octets of bytecode into a function, and none of more than
 * 460; beyond that it calls, and looks anew at every object after the call.
 */
export const FLAGS: readonly string[] = ['--max-inlined-bytecode-size-cumulative=4000', '--max-inlined-bytecode-size=1000'];

/**
 * Lets V8 inline more, from here on and in the whole process: for one that is there for its stack, before it starts that. Code becomes larger, and
 * takes longer to compile.
 */
export function inlineMore(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}
