/**
 * The functions of a case as promises: mappers, joiners, aggregators, mergers, transformers, processors and
 * punctuators take a few turns of the microtask queue, a number that depends on their arguments, so that a wrong
 * order would show. Extractors of timestamps and topics stay as they are: the library calls them synchronously.
 */
import type {
  Processor,
  ProcessorContext,
  ProcessorSupplier,
} from '../../src/processor/processor.js';
import { call } from './unsupported.js';

type Callable = (...args: unknown[]) => unknown;

/** These take the supplier of a processor. */
const PROCESSING = new Set(['process', 'processValues', 'addGlobalStore']);
/** Functions among the options. */
const OPTIONS = ['keySelector', 'foreignKey'];

/** Calls a method by name, with functions that return promises. */
export function callAsynchronously(
  target: unknown,
  method: string,
  ...args: readonly unknown[]
): unknown {
  if (method === 'to') return call(target, method, ...args);
  const wrap = wrapperOf(method);
  return call(
    target,
    method,
    ...args.map((argument) =>
      typeof argument === 'function' ? wrap(argument as Callable) : delayedOptions(argument),
    ),
  );
}

function wrapperOf(method: string): (given: Callable) => unknown {
  // What is given to these methods is a supplier.
  if (PROCESSING.has(method)) return (given) => supplyAsynchronously(given as ProcessorSupplier);
  if (method === 'transformValues') return transforming;
  return delayed;
}

/** Its processors' `process` and punctuators return promises. */
export function supplyAsynchronously(supplier: ProcessorSupplier): ProcessorSupplier {
  if (typeof supplier !== 'function') return supplier; // the mistake that some cases make
  return (context) => {
    const make = supplier as unknown as (context: ProcessorContext) => Processor;
    const processor = make(slow(context as ProcessorContext));
    const process = processor.process.bind(processor) as Callable;
    return { process: delayed(process) as never };
  };
}

/** The context, whose punctuators wait. */
function slow(context: ProcessorContext): ProcessorContext {
  return new Proxy(context, {
    get(target, name) {
      if (name === 'schedule')
        return (interval: number, type: 'streamTime' | 'wallClock', punctuate: Callable) =>
          target.schedule(interval, type, delayed(punctuate) as never);
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

function transforming(supplier: Callable): Callable {
  return (context) => {
    const transformer = supplier(context) as { transform: Callable };
    return { transform: delayed((...args) => transformer.transform(...args)) };
  };
}

function delayedOptions(argument: unknown): unknown {
  if (typeof argument !== 'object' || argument === null) return argument;
  const found = OPTIONS.filter((name) => name in argument);
  if (found.length === 0) return argument;
  const options = argument as { readonly [name: string]: Callable };
  return {
    ...options,
    ...Object.fromEntries(found.map((name) => [name, delayed(options[name]!)])),
  };
}

export function delayed(decide: Callable): (...args: unknown[]) => Promise<unknown> {
  return async (...args) => {
    for (let turn = 0; turn < args.length + String(args[0]).length; turn++) await Promise.resolve();
    return Reflect.apply(decide, undefined, args);
  };
}
