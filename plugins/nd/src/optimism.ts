// Whether addresses that are made here are used while they are checked: RFC 4429, by `optimistic_dad` and `use_optimistic`.
import type { AddressOptions } from '@protoloom/contracts/control';
import type { NdSettings } from './context.js';

export const optimism = ({ optimisticDad, useOptimistic }: NdSettings): AddressOptions['optimistic'] =>
  optimisticDad === 0 ? undefined : useOptimistic === 0 ? 'avoided' : 'used';
