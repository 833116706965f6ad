/** What must hold of a log's directory at any moment at which its process can die: the check finds no error. */
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import type { SimulatedFiles } from '../../../src/env/simulated-files.js';
import { StreamsError } from '../../../src/errors.js';
import { checkLog, type LogFinding } from '../../../src/log/inspect/inspect.js';

/** Indexes are not synced, so a crash may leave anything of them; they are made anew. */
const NORMAL = new Set(['offset-index', 'time-index']);

/**
 * What is wrong with the log in `directory` of a disk that nobody uses, in sentences. `strict`: the process closed the
 * log itself, so that it must say so.
 */
export async function faultsOf(
  files: SimulatedFiles,
  directory = '/log',
  strict = false,
): Promise<string[]> {
  const env = new SimulatedEnv({ files });
  let findings: readonly LogFinding[];
  try {
    const report = await checkLog(directory, { env });
    if (strict && !report.cleanShutdown) return ['the log was closed, but its files do not say so'];
    findings = report.findings;
  } catch (error) {
    // The crash came before there was anything.
    if (error instanceof StreamsError && error.code === 'INVALID_ARGUMENT') return [];
    throw error;
  }
  return findings
    .filter(({ severity, kind }) => severity !== 'info' && !NORMAL.has(kind))
    .map(
      ({ severity, kind, file, position, what }) =>
        `${severity} ${kind}: ${file} at ${position ?? 'all of it'}: ${what}`,
    );
}

/** Throws with what is wrong. */
export async function expectWhole(files: SimulatedFiles, context: string): Promise<void> {
  const faults = await faultsOf(files);
  if (faults.length > 0) throw new Error(`${context}: the check found\n${faults.join('\n')}`);
}
