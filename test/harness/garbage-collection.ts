// Loaded into a server under test by NODE_OPTIONS: SIGUSR2 makes a process of it collect its garbage, so that what is
// left is what it holds.
import { collectGarbage } from '../../server/host/own-memory.js';

process.on('SIGUSR2', collectGarbage);
