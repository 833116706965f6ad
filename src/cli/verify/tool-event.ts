/** The lines of JSON that Kafka's verifiable tools print: time and name first, then what happened. */
import type { CommandIo } from '../command-io.js';

export function toolEvent(io: CommandIo, name: string, data: object = {}): string {
  return `${JSON.stringify({ timestamp: io.env.clock.now(), name, ...data })}\n`;
}
