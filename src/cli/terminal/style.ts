/** Colours, where there is a terminal that wants them; elsewhere the text as it is. */
import type { TextOutput } from '../command-io.js';

export interface Style {
  heading(text: string): string;
  error(text: string): string;
  warning(text: string): string;
  good(text: string): string;
}

const asItIs = (text: string): string => text;
const PLAIN: Style = { heading: asItIs, error: asItIs, warning: asItIs, good: asItIs };
const coloured =
  (code: number) =>
  (text: string): string =>
    `\u001b[${code}m${text}\u001b[0m`;
const COLOURED: Style = {
  heading: coloured(1),
  error: coloured(31),
  warning: coloured(33),
  good: coloured(32),
};

export function styleOf(output: TextOutput): Style {
  return output.terminal?.colours === true ? COLOURED : PLAIN;
}
