// The one function that writes the sender's phase.
import type { Phase } from '@protoloom/contracts/tcp';
import { recovered } from '../congestion.js';
import type { Tcb } from '../tcb.js';

export function enterPhase(tcb: Tcb, phase: Phase): void {
  const { recovery } = tcb;
  const from = recovery.phase;
  if (from === phase) return;
  recovery.phase = phase;
  if ((from === 'recovery' || from === 'loss' || from === 'cwr') && (phase === 'open' || phase === 'disorder')) recovered(tcb, from);
}
