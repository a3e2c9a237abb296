// A thread that runs the files it is sent, one at a time.
import { parentPort, workerData } from 'node:worker_threads';
import { type Plan, scriptRunner } from './scripts.js';

const port = parentPort;
if (port !== null) {
  const run = await scriptRunner(workerData as Plan);
  port.on('message', (path: string) => port.postMessage(run(path)));
  port.postMessage('ready');
}
