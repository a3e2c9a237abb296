// Jobs on several threads; outcomes in the order of the jobs.
import { Worker } from 'node:worker_threads';
import type { Job, Outcome } from './jobs.js';

/** @param each told of every job that is done, in the order in which they end. */
export async function performAll(jobs: readonly Job[], threads: number, each: (job: Job) => void): Promise<Outcome[]> {
  const outcomes = new Array<Outcome>(jobs.length);
  let next = 0;
  const work = (): Promise<void> => {
    const worker = new Worker(new URL('./worker.js', import.meta.url));
    let current = -1;
    return new Promise<void>((resolve, reject) => {
      worker.on('message', (outcome: Outcome | 'ready') => {
        if (outcome !== 'ready') {
          outcomes[current] = outcome;
          each(jobs[current] as Job);
        }
        current = next++;
        const job = jobs[current];
        if (job === undefined) resolve();
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
        else worker.postMessage(job);
      });
      worker.on('error', reject);
    }).finally(() => worker.terminate());
  };
  await Promise.all(Array.from({ length: Math.min(threads, jobs.length) }, work));
  return outcomes;
}
