// The scenarios by their names.

import type { Scenario } from '../scenario.js';
import { connect } from './connect.js';
import { fanout } from './fanout.js';
import { idle } from './idle.js';
import { ping } from './ping.js';

export const scenarios: readonly Scenario[] = [idle, ping, connect, fanout];

export const scenarioNames: readonly string[] = scenarios.map(({ name }) => name);
