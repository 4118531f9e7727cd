// Packages that only the benchmark needs: a server is installed without them.
import { createRequire } from 'node:module';

/** The plots of a report are drawn with these. */
export const PLOT_PACKAGES = ['@observablehq/plot', 'linkedom'];
/** The baseline needs this one. */
export const BASELINE_PACKAGES = ['ws'];

/** The versions that are tested. */
const { devDependencies: versions }: { devDependencies: Readonly<Record<string, string>> } = createRequire(
  import.meta.url,
)('../../package.json');

function isInstalled(name: string): boolean {
  try {
    import.meta.resolve(name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return false;
    throw error;
  }
}

/** One line that says what to install; undefined where all of the packages are there. */
export function missingText(
  names: readonly string[],
  has: (name: string) => boolean = isInstalled,
): string | undefined {
  const missing = names.filter((name) => !has(name));
  if (missing.length === 0) return undefined;
  const packages = missing.map((name) => `${name}@${versions[name]}`).join(' ');
  const [what, it] = missing.length === 1 ? ['a package', 'it'] : ['packages', 'them'];
  return `the benchmark needs ${what} that a server does without; install ${it} with: npm install ${packages}`;
}
