// @protoloom/testkit: Stacks in virtual time, frame builders and matchers for tests.
export { VERSION } from './version.js';
