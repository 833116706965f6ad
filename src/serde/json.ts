/**
 * JSON as UTF-8. With a schema (anything that follows Standard Schema: zod, valibot, arktype, ...) decoded values
 * are validated and have the schema's output type; without one the type is the caller's promise.
 */
import { readUtf8 } from '../env/bytes.js';
import { StreamsError } from '../errors.js';
import { fastSerde } from './define-serde.js';
import type { Serde } from './serde.js';
import { deserializeFailed, reason, serializeFailed, shortened, shown } from './serde-errors.js';

/** The part of a Standard Schema (version 1) that is used here. */
export interface JsonSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (
      value: unknown,
    ) => JsonSchemaResult<Output> | Promise<JsonSchemaResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

export type JsonSchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly JsonSchemaIssue[] };

export interface JsonSchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

export function jsonSerde<T>(schema?: JsonSchema<T>): Serde<T> {
  if (schema === undefined) return fastSerde<T>('json', false, 256, writeJson, parse as Parse<T>);
  const validate = schema['~standard']?.validate;
  if (typeof validate !== 'function') {
    throw new StreamsError(
      'INVALID_ARGUMENT',
      'Serdes.json: the argument is not a Standard Schema (it has no `~standard.validate`). zod, valibot and arktype schemas are.',
    );
  }
  return fastSerde<T>('json', false, 256, writeJson, (buffer, start, end) =>
    validated(validate(parse(buffer, start, end))),
  );
}

/** `parse` without a schema: the type is what the user declared. */
type Parse<T> = (buffer: Buffer, start: number, end: number) => T;

function writeJson(value: unknown, writer: { utf8(text: string): void }): void {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw serializeFailed(`json cannot write the value: ${reason(cause)}`, cause);
  }
  if (text === undefined)
    throw serializeFailed(
      `json got ${shown(value)}, which has no JSON text. To delete a key send null.`,
    );
  writer.utf8(text);
}

function parse(buffer: Buffer, start: number, end: number): unknown {
  const text = readUtf8(buffer, start, end);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw deserializeFailed(`not JSON (${reason(cause)}): ${shortened(text)}`, cause);
  }
}

function validated<T>(result: JsonSchemaResult<T> | Promise<JsonSchemaResult<T>>): T {
  if ('then' in result) {
    result.then(undefined, () => undefined); // Its outcome is of no use here; a rejection must not end the process.
    throw new StreamsError(
      'ASYNC_NOT_SUPPORTED',
      'Serdes.json: the schema validates asynchronously, but a serde is synchronous. Validate in an operator instead (mapValues may be async).',
    );
  }
  if (result.issues === undefined) return result.value;
  const [first] = result.issues;
  const more = result.issues.length > 1 ? ` (and ${result.issues.length - 1} more)` : '';
  throw deserializeFailed(
    `the JSON does not match its schema at ${pathText(first?.path)}: ${first?.message ?? 'no reason given'}${more}`,
    result.issues,
  );
}

function pathText(path: JsonSchemaIssue['path']): string {
  return (path ?? []).reduce<string>(
    (text, part) => `${text}.${String(typeof part === 'object' ? part.key : part)}`,
    '$',
  );
}
