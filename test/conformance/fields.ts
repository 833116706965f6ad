/** Reads the fields of a graph operation; a field of another kind than the operation needs is a mistake of the case file. */
import type { Operation, ProcessorSpec, StoreSpec } from './case.js';

export function textField(operation: Operation, field: string): string {
  const value = operation[field];
  if (typeof value !== 'string')
    throw new Error(`operation ${operation.op}: '${field}' is not text`);
  return value;
}

export function optionalText(operation: Operation, field: string): string | undefined {
  return operation[field] === undefined ? undefined : textField(operation, field);
}

export function optionalNumber(operation: Operation, field: string): number | undefined {
  const value = operation[field];
  return typeof value === 'number' ? value : undefined;
}

export function textList(operation: Operation, field: string): string[] {
  const value = operation[field];
  return Array.isArray(value) ? value.map(String) : [];
}

/** The caller names the shape that the case format promises for the field. */
export function objectField<T extends object>(operation: Operation, field: string): T | undefined {
  const value = operation[field];
  return typeof value === 'object' && value !== null ? (value as T) : undefined;
}

export function processorField(operation: Operation, field = 'processor'): ProcessorSpec {
  const spec = objectField<ProcessorSpec>(operation, field);
  if (spec === undefined) throw new Error(`operation ${operation.op} has no ${field}`);
  return spec;
}

export function storeField(operation: Operation): StoreSpec {
  const spec = objectField<StoreSpec>(operation, 'store');
  if (spec === undefined) throw new Error(`operation ${operation.op} has no store`);
  return spec;
}

export const storeList = (operation: Operation, field: string): StoreSpec[] =>
  objectField<StoreSpec[]>(operation, field) ?? [];

/** The source of a `stream` or `addSource`: a pattern, or a list of topics. */
export function topicsOf(operation: Operation): RegExp | string[] {
  const pattern = optionalText(operation, 'pattern');
  return pattern === undefined ? textList(operation, 'topics') : new RegExp(pattern);
}
