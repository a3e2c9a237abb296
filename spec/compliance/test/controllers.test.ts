// Our own controllers, and the README's, against the suite.
import { controllerCompliance } from '@protoloom/compliance';
import type { CongestionControl } from '@protoloom/contracts/tcp';
import { fixedWindow } from '@protoloom/scenarios';
import { cubic } from '@protoloom/tcp-cubic';
import { newreno } from '@protoloom/tcp-newreno';
import { reno } from '@protoloom/tcp-reno';

/** RFC 5681 §3.1: one full-sized segment per round trip. */
const perRound = (): number => 1;

controllerCompliance(reno, { perRound });
controllerCompliance(newreno, { perRound });
controllerCompliance(cubic);

const { control } = (fixedWindow.create as unknown as () => { handlers: { control: CongestionControl } })().handlers;
controllerCompliance(control, {
  except: {
    reduction: 'its window is fixed',
    'loss-window': 'its window is fixed',
    'slow-start': 'its window is fixed, and returns to it with one acknowledgement',
    avoidance: 'its window is fixed, and returns to it with one acknowledgement',
    'unused-window': 'its window is in segments, and these may have grown',
    recovery: 'its window is in segments, and these may have grown',
  },
});
