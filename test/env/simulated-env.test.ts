/** The simulated world itself: virtual time, seeded randomness, and a disk that keeps only what was synced. */
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../src/env/seeded-random.js';
import { SimulatedEnv } from '../../src/env/simulated-env.js';
import { SimulatedCrash, SimulatedFiles } from '../../src/env/simulated-files.js';

describe('virtual time', () => {
  it('fires timers in the order of their due time, and only when time passes', () => {
    const env = new SimulatedEnv({ startMs: 1000 });
    const fired: string[] = [];
    env.timers.after(20, () => fired.push(`b at ${env.clock.now()}`));
    env.timers.after(10, () => {
      fired.push(`a at ${env.clock.now()}`);
      env.timers.after(5, () => fired.push(`c at ${env.clock.now()}`));
    });
    const cancelled = env.timers.after(12, () => fired.push('never'));
    cancelled.cancel();
    env.runImmediates();
    expect(fired).toEqual([]);
    env.advance(30);
    expect(fired).toEqual(['a at 1010', 'c at 1015', 'b at 1020']);
    expect([env.clock.now(), env.clock.monotonic()]).toEqual([1030, 30]);
  });

  it('a jump of the wall clock moves no timer', () => {
    const env = new SimulatedEnv({ startMs: 1000 });
    let fired = 0;
    env.timers.after(10, () => fired++);
    env.clock.jump(-500);
    expect([env.clock.now(), env.clock.monotonic()]).toEqual([500, 0]);
    env.advance(9);
    expect(fired).toBe(0);
    env.advance(1);
    expect(fired).toBe(1);
  });

  it('run lets time jump until the promise settles, and says when it never can', async () => {
    const env = new SimulatedEnv();
    const slow = async () => {
      for (let i = 0; i < 3; i++) {
        await env.timers.yield();
        await new Promise<void>((resolve) => {
          env.timers.after(1000, resolve);
        });
      }
      return 'done';
    };
    expect(await env.run(slow())).toBe('done');
    expect(env.clock.monotonic()).toBe(3000);
    await expect(env.run(new Promise(() => {}))).rejects.toThrow('stuck');
    await expect(env.run(Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('delivers signals to those who listen', () => {
    const env = new SimulatedEnv();
    let heard = 0;
    const off = env.process.onSignal('SIGTERM', () => heard++);
    env.process.signal('SIGTERM');
    off();
    env.process.signal('SIGTERM');
    env.process.exit(3);
    expect([heard, env.process.exitCode]).toEqual([1, 3]);
  });
});

describe('seeded randomness', () => {
  it('the same seed draws the same, forks draw their own', () => {
    const draw = (random: SeededRandom) => Array.from({ length: 5 }, () => random.uint32());
    expect(draw(new SeededRandom(7))).toEqual(draw(new SeededRandom(7)));
    expect(draw(new SeededRandom(7))).not.toEqual(draw(new SeededRandom(8)));
    const random = new SeededRandom(7);
    const fork = draw(random.fork('a'));
    draw(random);
    expect(draw(random.fork('a'))).toEqual(fork);
    expect(draw(random.fork('b'))).not.toEqual(fork);
    expect(random.uuid()).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
});

/** A disk with a durable directory `/d` and one durable file in it. */
function disk(seed = 1): SimulatedFiles {
  const files = new SimulatedFiles({ random: new SeededRandom(seed) });
  files.makeDirectory('/d');
  files.syncDirectory('/');
  const handle = files.open('/d/a', 'create');
  handle.write(Buffer.from('synced'), 0);
  handle.datasync();
  files.syncDirectory('/d');
  return files;
}

describe('the simulated disk', () => {
  it('a crash loses what was not synced, bytes and entries alike', () => {
    const files = disk();
    files.open('/d/a', 'write').write(Buffer.from('LOST'), 0);
    files.open('/d/b', 'create').datasync();
    files.rename('/d/a', '/d/c');
    expect(files.list('/d')).toEqual(['b', 'c']);
    files.crash('none');
    expect(files.list('/d')).toEqual(['a']);
    expect(files.bytes('/d/a').toString()).toBe('synced');
  });

  it('a crash may keep all of it, and a killed process loses nothing', () => {
    for (const end of ['crash', 'kill'] as const) {
      const files = disk();
      const handle = files.open('/d/a', 'write');
      handle.write(Buffer.from('KEPT'), 0);
      if (end === 'crash') files.crash('all');
      else files.kill();
      expect(files.bytes('/d/a').toString()).toBe('KEPTed');
      expect(() => handle.size()).toThrow(SimulatedCrash);
    }
  });

  it('a crash may tear a write at sectors and keep later ones', () => {
    const kept = new Set<string>();
    for (let seed = 0; seed < 50; seed++) {
      const files = disk(seed);
      files.open('/d/a', 'write').write(Buffer.alloc(1024, 'x'), 0);
      files.crash('subset');
      const bytes = files.bytes('/d/a');
      kept.add(`${bytes[0] === 120} ${bytes[600] === 120}`);
    }
    expect(kept.size).toBe(4);
  });

  it('a failed sync shows the bytes until a crash and never makes them durable', () => {
    const files = disk();
    const handle = files.open('/d/a', 'write');
    handle.write(Buffer.from('GONE'), 0);
    files.inject(() => 'EIO');
    expect(() => handle.datasync()).toThrow('EIO');
    files.inject(undefined);
    handle.datasync();
    expect(files.bytes('/d/a').toString()).toBe('GONEed');
    files.crash('none');
    expect(files.bytes('/d/a').toString()).toBe('synced');
  });

  it('is full at its capacity, keeps what fitted, and can be read-only', () => {
    const files = disk();
    files.capacityBytes = 8;
    const handle = files.open('/d/a', 'write');
    expect(() => handle.write(Buffer.from('0123456789'), 0)).toThrow('ENOSPC');
    expect(files.bytes('/d/a').toString()).toBe('01234567');
    files.readOnly = true;
    expect(() => files.open('/d/b', 'create')).toThrow('EROFS');
  });

  it('stops every call after a crash until it is started again', () => {
    const files = disk();
    files.inject(({ kind }) => (kind === 'create' ? 'crash' : undefined));
    expect(() => files.open('/d/b', 'create')).toThrow(SimulatedCrash);
    expect(() => files.exists('/d/a')).toThrow(SimulatedCrash);
    files.crash();
    expect(files.exists('/d/a')).toBe(true);
  });

  it('a copy goes its own way', () => {
    const files = disk();
    files.open('/d/a', 'write').write(Buffer.from('one'), 0);
    const copy = files.copy(2);
    copy.crash('none');
    expect(copy.bytes('/d/a').toString()).toBe('synced');
    expect(files.bytes('/d/a').toString()).toBe('oneced');
  });
});
