// Checks whether this Node can run the programs. This file must load on Nodes that are too old, so it imports nothing.

/** Whether a version satisfies the `engines` of package.json, or is newer. The dependencies do not load on older versions. */
export function isFitNode(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19);
}

/**
 * Ends the process with one line if Node is too old. Modules that need a newer Node must be imported after this call, with
 * `import()`.
 */
export function requireNode(program: string): void {
  const { node } = process.versions;
  if (isFitNode(node)) return;
  process.stderr.write(`${program} needs Node 20.19 or later (of Node 22, 22.12); this is Node ${node}\n`);
  process.exit(1);
}
