/**
 * Kafka's official jars, by Maven: a generated pom names them, Maven's own repositories bring them. The class path is
 * kept under `build/`, named after what it was made from, and used as long as every jar is still there.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const KAFKA_VERSION = '4.3.1';

const ARTIFACTS = [
  ['org.apache.kafka', 'kafka_2.13', KAFKA_VERSION],
  ['org.apache.kafka', 'kafka-tools', KAFKA_VERSION],
  ['org.apache.kafka', 'kafka-streams', KAFKA_VERSION],
  ['org.slf4j', 'slf4j-simple', '1.7.36'], // Without a logger a broker that cannot start would not say why.
] as const;

const RESOLVE_MS_MAX = 10 * 60_000;
const cache = fileURLToPath(new URL('../../build/kafka/', import.meta.url));
const run = promisify(execFile);

/** The class path, or why there is none. */
export type KafkaJars = { readonly classPath: string } | { readonly missing: string };

export async function kafkaJars(): Promise<KafkaJars> {
  const reason = (await fails('java', '-version')) ?? (await fails('mvn', '-version'));
  if (reason !== undefined) return { missing: reason };
  const pom = pomText();
  const cached = join(cache, `${createHash('sha256').update(pom).digest('hex').slice(0, 16)}.txt`);
  const known = existsSync(cached) ? readFileSync(cached, 'utf8') : '';
  if (known !== '' && known.split(delimiter).every((jar) => existsSync(jar)))
    return { classPath: known };
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'resolve-'));
  try {
    writeFileSync(join(work, 'pom.xml'), pom);
    const goals = ['dependency:build-classpath', '-Dmdep.outputFile=classpath.txt'];
    await run('mvn', ['-B', '-q', ...goals], { cwd: work, timeout: RESOLVE_MS_MAX });
    renameSync(join(work, 'classpath.txt'), cached);
    return { classPath: readFileSync(cached, 'utf8') };
  } catch (error) {
    return { missing: `Maven could not resolve Kafka ${KAFKA_VERSION}: ${firstErrorLine(error)}` };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function fails(command: string, argument: string): Promise<string | undefined> {
  try {
    await run(command, [argument]);
    return undefined;
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return missing ? `${command} is not installed` : `${command} fails: ${firstErrorLine(error)}`;
  }
}

/** Maven writes its errors to the standard output. */
function firstErrorLine(error: unknown): string {
  const output = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
  const line = output.split('\n').find((text) => text.includes('ERROR'));
  return line ?? (error instanceof Error ? error.message : String(error));
}

function pomText(): string {
  const dependencies = ARTIFACTS.map(
    ([group, artifact, version]) =>
      `    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>\n`,
  );
  return `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>millrace</groupId>
  <artifactId>kafka-tests</artifactId>
  <version>1</version>
  <dependencies>
${dependencies.join('')}  </dependencies>
</project>
`;
}
