// A real Prometheus on a free port that scrapes a server under test every second.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from './ports.js';
import { TestProcess } from './processes.js';
import type { Teardown, TestServer } from './server.js';

const alertsPath = fileURLToPath(new URL('../../../docs/prometheus/alerts.yml', import.meta.url));

/** A sample of an instant vector. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export class TestPrometheus {
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  /** Evaluates an expression now; throws what is wrong with it. */
  async query(expression: string): Promise<Sample[]> {
    const { result, resultType } = (await this.#get(`query?query=${encodeURIComponent(expression)}`)) as {
      resultType: string;
      result: { metric: Record<string, string>; value: [number, string] }[];
    };
    if (resultType !== 'vector') throw new Error(`${expression} is a ${resultType}`);
    return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  /** Names of the alerts that are firing. */
  async firing(): Promise<string[]> {
    const { alerts } = (await this.#get('alerts')) as {
      alerts: { state: string; labels: { alertname: string } }[];
    };
    return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname);
  }

  /** The expressions of all alert rules. */
  async alertExpressions(): Promise<string[]> {
    const { groups } = (await this.#get('rules?type=alert')) as {
      groups: { rules: { query: string }[] }[];
    };
    return groups.flatMap(({ rules }) => rules.map(({ query }) => query));
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.#port}/api/v1/${path}`);
    const answer = (await response.json()) as { status: string; error?: string; data: unknown };
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  }
}

/** Starts Prometheus with the real alert rules, except that they fire after a second. */
export async function startPrometheus(t: Teardown, server: TestServer): Promise<TestPrometheus> {
  const folder = mkdtempSync(join(tmpdir(), '10m-prometheus-'));
  const port = await freePorts(1);
  writeFileSync(join(folder, 'alerts.yml'), readFileSync(alertsPath, 'utf8').replace(/for: \S+/g, 'for: 1s'));
  // YAML takes JSON.
  const configuration = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ['alerts.yml'],
    scrape_configs: [{ job_name: '10m', static_configs: [{ targets: [`127.0.0.1:${server.adminPort}`] }] }],
  };
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(configuration));
  const process = new TestProcess('prometheus', [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  t.teardown(async () => {
    await process.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await process.line(/Server is ready to receive web requests/);
  return new TestPrometheus(port);
}
