// Free ports for tests.
export { freePorts } from '../../bench/free-ports.js';
