// The scenarios by their names.
import type { Scenario } from '../scenario.js';
import { churn } from './churn.js';
import { connect } from './connect.js';
import { fanout } from './fanout.js';
import { idle } from './idle.js';
import { million } from './million.js';
import { ping } from './ping.js';
import { targeted } from './targeted.js';

export const scenarios: readonly Scenario[] = [idle, ping, connect, fanout, targeted, churn, million];

export const scenarioNames: readonly string[] = scenarios.map(({ name }) => name);
