/**
 * Packages that a user may install or not. Looked for from where this library stands, as an import would be, and only
 * when something needs them.
 */
import { createRequire } from 'node:module';

/** What the package exports, or undefined when it is not installed. What it throws while it loads is thrown. */
export function optionalModule(name: string): unknown {
  const require = createRequire(import.meta.url);
  try {
    return require(name);
  } catch (error) {
    if (isMissing(error, name)) return undefined;
    throw error;
  }
}

/** The package itself is missing, not something that it needs. */
function isMissing(error: unknown, name: string): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'MODULE_NOT_FOUND' &&
    error.message.includes(`'${name}'`)
  );
}
