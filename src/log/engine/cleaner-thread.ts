/**
 * The file thread of the cleaner. It is not the journal's: a full disk or a slow sync while cleaning touches nothing
 * that somebody waits for. One program at a time is filled and run; after a failure the next one gets a new thread.
 */
import type { FileProgram } from '../../env/file-commands.js';
import type { FileThread, FileThreadListener } from '../../env/file-thread.js';
import { assert, type StreamsError } from '../../errors.js';

type Done = (error: StreamsError | undefined) => void;

export class CleanerThread implements FileThreadListener {
  readonly #make: (listener: FileThreadListener) => FileThread;
  #thread: FileThread | undefined;
  #program: FileProgram | undefined;
  #waiting: Done | undefined;
  #closed: Promise<void>[] = [];

  constructor(make: (listener: FileThreadListener) => FileThread) {
    this.#make = make;
  }

  /** A program is under way. */
  get busy(): boolean {
    return this.#waiting !== undefined;
  }

  /** The one that runs next. */
  get program(): FileProgram {
    this.#thread ??= this.#make(this);
    return (this.#program ??= this.#thread.begin());
  }

  /** Runs what `program` was filled with. */
  run(done: Done): void {
    assert(!this.busy, 'one program of the cleaner runs at a time');
    const { program } = this;
    this.#program = undefined;
    this.#waiting = done;
    this.#thread?.submit(program);
  }

  marked(): void {}

  done(): void {
    this.#tell(undefined);
  }

  failed(error: StreamsError): void {
    this.#end();
    this.#tell(error);
  }

  async close(): Promise<void> {
    this.#end();
    await Promise.all(this.#closed);
  }

  #end(): void {
    if (this.#thread !== undefined) this.#closed.push(this.#thread.close());
    this.#thread = undefined;
    this.#program = undefined;
  }

  #tell(error: StreamsError | undefined): void {
    const done = this.#waiting;
    this.#waiting = undefined;
    done?.(error);
  }
}
