/**
 * Crashes at every call that changes the disk. After each of them the log opens again, shows what was acknowledged
 * and nothing that was never appended, and opening it once more (or crashing in recovery) changes nothing.
 * `CRASH_SEED` runs another life.
 */
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/env/seeded-random.js';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { SimulatedCrash, SimulatedFiles } from '../../../src/env/simulated-files.js';
import type { Durability } from '../../../src/log/engine/journal-storage.js';
import { expectWhole } from '../inspect/whole-log.js';
import { batch, topicCreated } from '../storage-suite.js';
import { History, live, openSmall, type Opened } from './workload.js';

const SEED = Number(process.env.CRASH_SEED ?? 1);
const MODES = ['none', 'all', 'prefix', 'subset'] as const;
const STEPS = 70;

/** A life that crashes in call `crashAt`, or ends; returns what the disk was asked to keep. */
async function crashedLife(
  seed: number,
  crashAt: number,
  durability: Durability = 'fsync',
): Promise<{ files: SimulatedFiles; history: History; crashed: boolean; operations: number }> {
  const files = new SimulatedFiles({ random: new SeededRandom(seed * 7919 + crashAt) });
  const env = new SimulatedEnv({ seed, files });
  const history = new History();
  files.inject(({ index }) => (index === crashAt ? 'crash' : undefined));
  let crashed = false;
  try {
    await live(env, new SeededRandom(seed), history, STEPS, durability);
  } catch (error) {
    if (!(error instanceof SimulatedCrash)) throw error;
    crashed = true;
  }
  return { files, history, crashed, operations: files.operations };
}

/** Opens the log on what a crash left and checks it; returns the state that was found. */
function reopened(
  files: SimulatedFiles,
  history: History,
  context: string,
): { readonly text: string; readonly opened: Opened } {
  const env = new SimulatedEnv({ files });
  let opened: Opened;
  try {
    opened = openSmall(env);
  } catch (error) {
    throw new Error(`${context}: the log did not open`, { cause: error });
  }
  const text = stateOf(opened, context);
  if (!history.allowed().has(text)) {
    const told = `${history.acknowledged} of ${history.entries.length} entries were acknowledged`;
    expect(`${context}, ${told}\n${text}`).toBe(
      `${context}, ${told}\n${history.allowed().keys().next().value}`,
    );
  }
  return { text, opened };
}

function stateOf(opened: Opened, context: string): string {
  try {
    return opened.host.text(opened.storage);
  } catch (error) {
    throw new Error(`${context}: the log could not be read`, { cause: error });
  }
}

describe('a crash at every call', () => {
  it('loses nothing acknowledged, shows nothing else, and recovers the same way again and again', async () => {
    const whole = await crashedLife(SEED, -1);
    expect(whole.crashed).toBe(false);
    expect(whole.operations).toBeGreaterThan(200);
    let torn = 0;
    for (let crashAt = 0; crashAt < whole.operations; crashAt++) {
      const life = await crashedLife(SEED, crashAt);
      expect(life.crashed).toBe(true);
      for (const [i, mode] of MODES.entries()) {
        const context = `seed ${SEED}, crash in call ${crashAt}, keeping ${mode}`;
        const files = life.files.copy(SEED + crashAt * 4 + i);
        files.crash(mode);
        await expectWhole(files, context);
        const nested = files.copy(crashAt);
        const { text, opened } = reopened(files, life.history, context);
        if (opened.report.tornBytes > 0) torn++;
        const recoveryCalls = files.operations;
        files.crash('none');
        await expectWhole(files, `${context}, after recovery`);
        expect(reopened(files, life.history, `${context}, then once more`).text).toBe(text);

        // The recovery itself crashes, twice in a row, and then is left alone.
        for (const depth of [0, 1]) {
          const at = (crashAt * 31 + i * 7 + depth * 13) % recoveryCalls;
          nested.inject(({ index }) => (index === at ? 'crash' : undefined));
          let crashed = false;
          try {
            openSmall(new SimulatedEnv({ files: nested }));
          } catch (error) {
            if (!(error instanceof SimulatedCrash))
              throw new Error(`${context}, crash ${at} in recovery`, { cause: error });
            crashed = true;
          }
          if (crashed) nested.crash();
          else nested.kill();
        }
        expect(reopened(nested, life.history, `${context}, after crashes in recovery`).text).toBe(
          text,
        );
      }
    }
    expect(torn).toBeGreaterThan(0);
  }, 120_000);

  it('of the process, and then of the machine in recovery, loses nothing acknowledged either', async () => {
    const { operations } = await crashedLife(SEED, -1);
    for (let crashAt = 0; crashAt < operations; crashAt++) {
      const life = await crashedLife(SEED, crashAt);
      // The process died, the machine goes on: what was written and not synced is in the page cache.
      const killed = life.files.copy(crashAt);
      killed.kill();
      const recovering = killed.copy(crashAt);
      openSmall(new SimulatedEnv({ files: recovering }));
      for (let at = crashAt % 7; at < recovering.operations; at += 7) {
        const files = killed.copy(at);
        files.inject(({ index }) => (index === at ? 'crash' : undefined));
        expect(() => openSmall(new SimulatedEnv({ files }))).toThrow(SimulatedCrash);
        files.crash('none');
        const context = `seed ${SEED}, killed in call ${crashAt}, crash in call ${at} of recovery`;
        await expectWhole(files, context);
        reopened(files, life.history, context);
      }
    }
  }, 120_000);

  it('without fsync keeps a prefix of what was written, and never refuses to open', async () => {
    const { operations } = await crashedLife(SEED, -1, 'os');
    for (let crashAt = 0; crashAt < operations; crashAt++) {
      const life = await crashedLife(SEED, crashAt, 'os');
      for (const [i, mode] of MODES.entries()) {
        const context = `seed ${SEED}, without fsync, crash in call ${crashAt}, keeping ${mode}`;
        const files = life.files.copy(SEED + crashAt * 4 + i);
        files.crash(mode);
        await expectWhole(files, context);
        const { text } = reopened(files, life.history, context);
        files.crash('none');
        expect(reopened(files, life.history, `${context}, then once more`).text).toBe(text);
      }
    }
  }, 120_000);

  it('in recovery, when the last group was only in the page cache, leaves a log that opens', async () => {
    const life = new SimulatedFiles();
    const env = new SimulatedEnv({ files: life });
    const { storage } = openSmall(env);
    storage.append(topicCreated('t', 'topic', 1));
    storage.append(batch('t', 0, 0, ['durable']));
    storage.sync(() => {});
    env.runImmediates();
    life.inject(({ kind }) => (kind === 'datasync' ? 'EIO' : undefined));
    storage.append(batch('t', 0, 1, ['in the page cache']));
    storage.sync(() => {});
    env.runImmediates();
    life.kill();
    const whole = life.copy(1);
    openSmall(new SimulatedEnv({ files: whole }));
    for (let crashAt = 0; crashAt < whole.operations; crashAt++) {
      const files = life.copy(crashAt);
      files.inject(({ index }) => (index === crashAt ? 'crash' : undefined));
      expect(() => openSmall(new SimulatedEnv({ files }))).toThrow(SimulatedCrash);
      files.crash('none');
      const context = `crash in call ${crashAt} of recovery`;
      await expectWhole(files, context);
      openSmall(new SimulatedEnv({ files }));
    }
  });
});
