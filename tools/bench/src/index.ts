// @protoloom/bench: figures of a host as ratios against the device's limit, the kernel and others.
export { type Case, type Dimension, makeCase } from './growth/cases.js';
export { growthPlot } from './growth/main.js';
export { main } from './main.js';
export { MEASURES, type Measure, type Sample } from './measures.js';
export { report } from './report.js';
export { type Slice, verdictsOf as soakVerdicts } from './soak.js';
export { type Estimate, estimate, type Interval, median, medianInterval, noise } from './statistics.js';
export type { Result } from './suite.js';
export { judge, TARGETS, type Target, type Verdict } from './targets.js';
export { VERSION } from './version.js';
