// A thread that performs the jobs it is sent, one at a time.
import { parentPort } from 'node:worker_threads';
import { type Job, perform } from './jobs.js';

parentPort?.on('message', (job: Job) => parentPort?.postMessage(perform(job)));
parentPort?.postMessage('ready');
