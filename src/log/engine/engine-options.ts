/**
 * What an engine is made of. `openEngine(options): Promise<LogEngine>` in `engine.ts` recovers whatever the
 * storage holds; `memoryEngine({ env }): LogEngine` is the same engine over a `MemoryStorage`, made synchronously.
 */
import type { Env } from '../../env/env.js';
import type { LogStorage } from './storage.js';

/** Where the engine tells what an operator should know. `console` fits. */
export interface EngineLogger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export interface EngineOptions {
  readonly storage: LogStorage;
  readonly env: Env;
  readonly features: { readonly durable: boolean };
  readonly logger?: EngineLogger;
}
