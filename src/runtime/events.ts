/**
 * A typed list of listeners. A listener that throws is reported through `onListenerError` and disturbs neither
 * the others nor the caller: listeners are guests, like all user code.
 */

type Listeners<Events> = { [Name in keyof Events]?: Set<(event: Events[Name]) => void> };

export class EventSource<Events extends object> {
  readonly #listeners: Listeners<Events> = {};
  readonly #onListenerError: (error: unknown) => void;

  constructor(onListenerError: (error: unknown) => void) {
    this.#onListenerError = onListenerError;
  }

  /** Returns the function that removes the listener. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    const listeners = this.#listeners[name] ?? new Set<(event: Events[Name]) => void>();
    this.#listeners[name] = listeners;
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  has(name: keyof Events): boolean {
    return (this.#listeners[name]?.size ?? 0) > 0;
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    // A copy: a listener may remove itself.
    for (const listener of Array.from(this.#listeners[name] ?? [])) {
      try {
        listener(event);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }
}
