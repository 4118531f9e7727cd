// A real Chromium with a profile of its own, and what its pages complain about.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { pathOf } from './programs.js';
import type { Teardown } from './server.js';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A page, the errors on its console, and the addresses that it asked for. */
export interface TestPage {
  readonly page: Page;
  readonly errors: string[];
  readonly requests: string[];
}

export class TestBrowser {
  readonly #context: BrowserContext;

  constructor(context: BrowserContext) {
    this.#context = context;
  }

  async open(url: string): Promise<TestPage> {
    const page = await this.#context.newPage();
    const errors: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(url);
    return { page, errors, requests };
  }
}

/** Starts Chromium without a window. */
export async function startBrowser(t: Teardown): Promise<TestBrowser> {
  const profile = mkdtempSync(join(tmpdir(), '10m-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: pathOf('chromium') ?? 'chromium',
    headless: true,
    args: FLAGS,
    viewport: { width: 1200, height: 900 },
  });
  t.teardown(async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  });
  return new TestBrowser(context);
}
