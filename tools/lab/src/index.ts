// @protoloom/lab: congestion controllers on simulated paths, beside their published models.
export { type Cell, CONTROLLERS, type ControllerName, type Measurement, measure } from './cell.js';
export { type Contest, contend, type Shares } from './fairness.js';
export { type Extent, fairness, friendliness, type Job, jobsOf, type Outcome, perform } from './jobs.js';
export { main } from './main.js';
export { cubicCurveWindow, cubicWindow, jain, median, renoWindow, sawtoothSegments } from './models.js';
export { isWithin, type Report, ratioOf, reportOf, TOLERANCE } from './report.js';
export { type Line, type Plot, svg } from './svg.js';
export { VERSION } from './version.js';
