// The options of a scenario once its defaults are filled in.

/** What a scenario is run with. */
export interface ScenarioOptions {
  readonly connections: number;
  /** Workers of 10m-server. */
  readonly workers: number;
  /** Length of the measured part, seconds. */
  readonly duration: number;
  /** Events a second, where the scenario has them; else 0. */
  readonly rate: number;
  /** True for one channel for all instead of one for each. */
  readonly shared: boolean;
  /** True for connections over TLS. */
  readonly tls: boolean;
  /** Who makes the connections: this process, or load clients elsewhere. */
  readonly load: 'own' | 'external';
}
