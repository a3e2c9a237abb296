// Several threads, and results in the order of the files.
import { Worker } from 'node:worker_threads';
import type { RunResult } from '../run/run.js';
import { type Plan, scriptRunner } from './scripts.js';

/** Runs the files on at most `jobs` threads; `each` is told in the order of the files, as soon as it can be. */
export async function runFiles(
  paths: readonly string[],
  plan: Plan,
  jobs: number,
  each: (path: string, result: RunResult) => void,
): Promise<void> {
  const threads = Math.min(jobs, paths.length);
  if (threads <= 1) {
    const run = await scriptRunner(plan);
    for (const path of paths) each(path, run(path));
    return;
  }
  const results: (RunResult | undefined)[] = [];
  let next = 0;
  let told = 0;
  const take = (): number => next++;
  const put = (index: number, result: RunResult): void => {
    results[index] = result;
    for (let ready = results[told]; ready !== undefined; ready = results[told]) {
      each(paths[told] as string, ready);
      results[told++] = undefined;
    }
  };
  await Promise.all(Array.from({ length: threads }, () => work(paths, plan, take, put)));
}

/** One thread, until no file is left. */
function work(paths: readonly string[], plan: Plan, take: () => number, put: (index: number, result: RunResult) => void): Promise<void> {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: plan });
  let current = -1;
  return new Promise<void>((resolve, reject) => {
    worker.on('message', (message: RunResult | 'ready') => {
      if (message !== 'ready') put(current, message);
      current = take();
      const path = paths[current];
      if (path === undefined) resolve();
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      else worker.postMessage(path);
    });
    worker.on('error', reject);
  }).finally(() => worker.terminate());
}
