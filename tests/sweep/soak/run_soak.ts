// The soak: sweeps under random kills, and what is in their stores afterwards.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { random } from "lib/statistics/mod.ts";
import { localPool } from "lib/sweep/pool/local_pool.ts";
import { openDatabase } from "lib/sweep/sqlite.ts";
import { loadWeights } from "lib/train/mod.ts";
import { RedisServer } from "../queue/redis_server.ts";
import { trialModule } from "../queue/queue_fixtures.ts";
import { killRedis, Restarted, trialPids } from "./soak_processes.ts";
import { PLACES, type SoakOrder, soakStudy, TRIALS } from "./soak_study.ts";

/** Options of a soak. */
export interface SoakOptions {
  kills: number;
  seed: number;
  /** Trials go through a queue to two workers. */
  queue: boolean;
  signal?: AbortSignal;
  onProgress?: (line: string) => void;
}

/** What is killed. "pause" stops a worker for longer than its locks last, and lets it go on. */
export type Victim = "sweep" | "trial" | "worker" | "redis" | "pause";

/** What happened in a soak. */
export interface SoakFigures {
  kills: Record<Victim, number>;
  studies: number;
  trials: number;
  results: number;
  attempts: number;
  /** How attempts ended, by outcome. */
  outcomes: Record<string, number>;
  sweepStarts: number;
  seconds: number;
}

const BETWEEN_KILLS_MS = [150, 1800];
const REDIS_AWAY_MS = [50, 2500];
const PAUSE_MS = 8000;

/**
 * Runs studies under kills until there were so many, then lets the last one finish.
 *
 * @throws {AssertionError} when a trial has no result or several, a result is not what an undisturbed run gives, or a database is damaged
 */
export async function runSoak(options: SoakOptions): Promise<SoakFigures> {
  const folder = mkdtempSync(join(tmpdir(), "soak-"));
  const server = options.queue ? new RedisServer(["--appendfsync", "everysec"]) : null;
  try {
    await server?.start();
    return await new Soak(options, { folder, server }).run();
  } finally {
    await server?.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Soak {
  #options: SoakOptions;
  #folder: string;
  #server: RedisServer | null;
  #random: ReturnType<typeof random>;
  #figures: SoakFigures = {
    kills: { sweep: 0, trial: 0, worker: 0, redis: 0, pause: 0 },
    studies: 0,
    trials: 0,
    results: 0,
    attempts: 0,
    outcomes: {},
    sweepStarts: 0,
    seconds: 0,
  };
  #workers: Restarted[] = [];
  #sweep: Restarted | null = null;
  #pauses: Promise<void>[] = [];

  constructor(options: SoakOptions, { folder, server }: { folder: string; server: RedisServer | null }) {
    this.#options = options;
    this.#folder = folder;
    this.#server = server;
    this.#random = random(options.seed, "soak");
  }

  async run(): Promise<SoakFigures> {
    const startMs = performance.now();
    if (this.#server) {
      this.#workers = ["ada", "ben"].map((worker) =>
        new Restarted("soak_worker.ts", this.#order(0, worker), { endsWith: null })
      );
    }
    try {
      while (this.#killed() < this.#options.kills) await this.#runStudy(++this.#figures.studies);
    } finally {
      await Promise.all(this.#pauses);
      await Promise.all(this.#workers.map((worker) => worker.end()));
    }
    this.#figures.seconds = (performance.now() - startMs) / 1000;
    return this.#figures;
  }

  /** Of processes; a pause kills nothing. */
  #killed(): number {
    const { sweep, trial, worker, redis } = this.#figures.kills;
    return sweep + trial + worker + redis;
  }

  #order(study: number, worker = ""): SoakOrder {
    const checkpointsFolder = join(this.#folder, "checkpoints");
    const url = this.#server?.url ?? null;
    return { url, checkpointsFolder, study, worker, workersFolder: join(this.#folder, "workers") };
  }

  async #runStudy(study: number): Promise<void> {
    const order = this.#order(study);
    const sweep = this.#sweep = new Restarted("soak_sweep.ts", order, { endsWith: 0 });
    let done = false;
    sweep.done.then(() => done = true);
    while (!done && !this.#options.signal?.aborted && this.#killed() < this.#options.kills) {
      await this.#wait(BETWEEN_KILLS_MS);
      if (!done) await this.#kill();
    }
    await this.#stopped(sweep);
    this.#figures.sweepStarts += sweep.starts;
    await this.#check(order);
    const { kills, results } = this.#figures;
    this.#options.onProgress?.(`study ${study}: ${results} results so far, kills ${JSON.stringify(kills)}`);
  }

  /** Until the sweep has ended by itself, or the soak is stopped. */
  async #stopped(sweep: Restarted): Promise<void> {
    const { signal } = this.#options;
    const aborted = new Promise<void>((resolve) => {
      if (signal?.aborted) resolve();
      signal?.addEventListener("abort", () => resolve(), { once: true });
    });
    await Promise.race([sweep.done, aborted]);
    if (!signal?.aborted) return;
    await sweep.end();
    signal.throwIfAborted();
  }

  async #kill(): Promise<void> {
    const victims: Victim[] = this.#server
      ? ["sweep", "sweep", "trial", "trial", "worker", "worker", "redis", "redis", "pause"]
      : ["sweep", "trial"];
    const victim = this.#oneOf(victims);
    const hit = await this.#strike(victim);
    if (hit) this.#figures.kills[victim]++;
  }

  async #strike(victim: Victim): Promise<boolean> {
    switch (victim) {
      case "sweep":
        return this.#sweep!.signal("SIGKILL");
      case "worker":
        return this.#oneOf(this.#workers).signal("SIGKILL");
      case "trial": {
        const pids = trialPids([this.#sweep!.pid, ...this.#workers.map(({ pid }) => pid)]);
        if (pids.length === 0) return false;
        return kill(this.#oneOf(pids));
      }
      case "redis":
        await killRedis(this.#server!, this.#between(REDIS_AWAY_MS));
        return true;
      case "pause": {
        const worker = this.#oneOf(this.#workers);
        const { pid } = worker;
        if (pid === null || !worker.signal("SIGSTOP")) return false;
        const goOn = async () => {
          await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
          if (worker.pid === pid) worker.signal("SIGCONT");
        };
        this.#pauses.push(goOn());
        return true;
      }
    }
  }

  /** Each trial has one result, the same as in a run that nothing disturbs. */
  async #check({ checkpointsFolder, study: number }: SoakOrder): Promise<void> {
    const study = soakStudy(checkpointsFolder, number);
    const rows = await study.rows();
    assert.deepEqual(rows.failures, []);
    assert.equal(rows.length, TRIALS);
    const database = await openDatabase(join(checkpointsFolder, study.name, "study.sqlite"));
    const all = (sql: string) =>
      database.prepare(sql).all().map((row) => ({ ...row as Record<string, number | string> }));
    try {
      assert.deepEqual(all("PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
      assert.deepEqual(all("PRAGMA foreign_key_check"), []);
      assert.deepEqual(all("SELECT count(*) AS n, count(DISTINCT trial) AS d FROM results"), [{
        n: TRIALS,
        d: TRIALS,
      }]);
      assert.deepEqual(all("SELECT count(*) AS n FROM attempts WHERE outcome = 'finished'"), [{ n: TRIALS }]);
      assert.deepEqual(all("SELECT count(*) AS n FROM attempts WHERE endedAt IS NULL"), [{ n: 0 }]);
      for (const { outcome, n } of all("SELECT outcome, count(*) AS n FROM attempts GROUP BY outcome")) {
        this.#figures.outcomes[outcome] = (this.#figures.outcomes[outcome] ?? 0) + Number(n);
        this.#figures.attempts += Number(n);
      }
    } finally {
      database.close();
    }
    this.#figures.trials += TRIALS;
    this.#figures.results += rows.length;
    const [best] = [...rows].sort((a, b) => a.validation.loss - b.validation.loss);
    assert.ok(Object.keys(await loadWeights(join(checkpointsFolder, study.name, best.key))).length > 0);
    if (number === 1) await this.#compare(rows);
  }

  /** With a run of the same study without kills. */
  async #compare(rows: readonly { key: string; history: readonly { trainLoss: number }[] }[]): Promise<void> {
    const executor = localPool({ trialModule: trialModule(), trials: PLACES, threads: 1 });
    const undisturbed = await soakStudy(join(this.#folder, "undisturbed"), 1).run({ executor });
    await executor.close();
    const losses = (of: typeof rows) =>
      Object.fromEntries(of.map(({ key, history }) => [key, history.map((e) => e.trainLoss)]));
    assert.deepEqual(losses(rows), losses(undisturbed));
  }

  #wait(range: number[]): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.#between(range)));
  }

  #between([low, high]: number[]): number {
    return low + this.#random.uniform() * (high - low);
  }

  #oneOf<T>(items: readonly T[]): T {
    return items[Math.min(items.length - 1, Math.floor(this.#random.uniform() * items.length))];
  }
}

function kill(pid: number): boolean {
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}
