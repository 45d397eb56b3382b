import { signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Api } from "../../src/api/client";
import { ApiError } from "../../src/api/errors";
import type { Run, Runs } from "../../src/api/types";
import { createSession, type Session } from "../../src/session";
import { type Live, startLive } from "../../src/session/live";
import type { InstalledScreen, Poll } from "../../src/session/part";
import { run, runs, samplesWith } from "../fixtures";

/** What the server has, and what it was asked for. */
let server: { runs: Runs; details: Partial<Run>; error: ApiError | null };
let asked: string[];
let signals: AbortSignal[];
let visible: boolean;
let session: Session;
let live: Live | null;

const api = {
  async runs(aborted) {
    note("runs", aborted);
    return server.runs;
  },
  async run(name, aborted) {
    note(`run ${name}`, aborted);
    return run(name, server.details);
  },
  async samples(name, aborted) {
    note(`samples ${name}`, aborted);
    return samplesWith("writer");
  },
} as Api;

function note(question: string, aborted: AbortSignal | undefined): void {
  if (aborted?.aborted) throw new ApiError("aborted", "given up");
  asked.push(question);
  if (aborted) signals.push(aborted);
  if (server.error) throw server.error;
}

/** With the run chosen already: choosing it begins a new round. */
function startWith(poll: Poll): void {
  session.actions.runsLoaded(server.runs);
  start(poll);
}

/** What was asked since the last time. */
function news(): string[] {
  return asked.splice(0);
}

function start(poll?: Poll): void {
  session.install([screenWith(poll)], []);
  live = startLive(session, api, () => visible);
}

function screenWith(poll: Poll | undefined): InstalledScreen {
  const link = { params: () => ({}), open: () => {}, normalize: () => ({}), defaults: {} };
  const shown = { Controls: () => null, Body: () => null, pageState: () => "ready" as const };
  return {
    ...{ name: "only", title: "Only", needs: "run", ...shown, settled: () => true, keys: () => ({}) },
    ...{ forget: () => {}, link, ...(poll ? { poll } : {}) },
  };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
  server = { runs: runs("one", "two"), details: {}, error: null };
  asked = [];
  signals = [];
  visible = true;
  session = createSession();
  live = null;
});

afterEach(() => {
  live?.stop();
  vi.useRealTimers();
});

describe("a visible page", () => {
  it("asks for the runs, the first run and its samples, and then every second for the runs alone", async () => {
    start();
    await pass(0);
    expect(news()).toEqual(["runs", "run one", "samples one"]);
    expect(session.connection.value.state).toBe("ok");
    expect([session.run.value?.name, session.samples.value?.metadata.writer]).toEqual(["one", [1]]);
    await pass(999);
    expect(news()).toEqual([]);
    await pass(1);
    expect(news()).toEqual(["runs"]);
  });

  it("asks for the run's details again when it grows, and now and then", async () => {
    start();
    await pass(0);
    news();
    const [one, two] = server.runs.runs;
    server.runs = { ...server.runs, runs: [{ ...one, steps: [0, 5] }, two] };
    await pass(1000);
    expect(news()).toEqual(["runs", "run one"]);
    // Gradients have a request of their own.
    server.runs = {
      ...server.runs,
      runs: [{ ...one, steps: [0, 5], gradients: { n_steps: 1, version: "x" } }],
    };
    await pass(1000);
    expect(news()).toEqual(["runs"]);
    await pass(5000);
    expect(news().filter((each) => each === "run one")).toEqual(["run one"]);
  });

  it("asks for the samples of a run that has epochs, once, and again when they are others", async () => {
    server.details = { steps: [] };
    start();
    await pass(0);
    expect(news()).toEqual(["runs", "run one"]);
    server.details = {};
    await pass(6000);
    expect(news().filter((each) => each.startsWith("samples"))).toEqual(["samples one"]);
    server.details = { probe_version: "other" };
    await pass(6000);
    expect(news().filter((each) => each.startsWith("samples"))).toEqual(["samples one"]);
  });

  it("gives up what is under way for another run, and asks for that at once", async () => {
    start();
    await pass(0);
    news();
    session.actions.runSelected("two");
    await pass(0);
    expect(news()).toEqual(["run two", "samples two"]);
    expect(signals.filter(({ aborted }) => aborted).length).toBeGreaterThan(0);
    expect(signals.at(-1)?.aborted).toBe(false);
  });

  it("is asked nothing more once it is stopped", async () => {
    start();
    await pass(0);
    news();
    live?.stop();
    await pass(10_000);
    expect(news()).toEqual([]);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
  });
});

it("a hidden page asks for nothing until it is seen", async () => {
  visible = false;
  start();
  await pass(5000);
  expect(news()).toEqual([]);
  visible = true;
  await pass(500);
  expect(news()).toEqual(["runs", "run one", "samples one"]);
});

it("an exported page is asked again only when something else is to be shown", async () => {
  server.runs = { ...server.runs, exported: { pairs: [], n_neighbors: 0 } };
  session.actions.runsLoaded(server.runs);
  start();
  await pass(60_000);
  expect(news()).toEqual(["runs", "run one", "samples one"]);
  session.actions.runSelected("two");
  await pass(0);
  expect(news()).toEqual(["runs", "run two", "samples two"]);
});

describe("a server", () => {
  it("that cannot be reached is tried again, and then everything is asked for anew", async () => {
    start();
    await pass(0);
    news();
    server.error = new ApiError("offline", "nobody there");
    await pass(1000);
    expect(news()).toEqual(["runs"]);
    expect(session.connection.value).toEqual({ state: "lost", message: "nobody there" });
    server.error = null;
    await pass(1499);
    expect(news()).toEqual([]);
    await pass(1);
    expect(news()).toEqual(["runs", "run one", "samples one"]);
    expect([session.connection.value.state, session.nReturns.value]).toEqual(["ok", 1]);
    expect(session.failure.value).toBe("");
  });

  it("that refuses is there, and its sentence is told", async () => {
    server.error = new ApiError("refused", "no such thing");
    start();
    await pass(0);
    expect([session.connection.value.state, session.failure.value]).toEqual(["ok", "no such thing"]);
    news();
    await pass(1500);
    expect(news()).toEqual(["runs"]);
  });
});

describe("a part's own questions", () => {
  it("go beside those for the run, which it may wait for", async () => {
    const seen: string[] = [];
    startWith({
      async ask(name, known) {
        seen.push(`${name} ${session.run.peek()?.name}`);
        await known;
        seen.push(`${name} ${session.run.peek()?.name}`);
      },
      reset: () => {},
    });
    await pass(0);
    expect(seen).toEqual(["one undefined", "one one"]);
  });

  it("are asked again soon while the server is computing", async () => {
    let n = 0;
    let busy = true;
    startWith({
      ask: async () => {
        n += 1;
      },
      reset: () => {},
      isBusy: () => busy,
    });
    await pass(900);
    expect(n).toBe(4);
    busy = false;
    await pass(300);
    expect(n).toBe(5);
    await pass(900);
    expect(n).toBe(5);
  });

  it("are asked at once when what they depend on changes", async () => {
    const settings = signal(0);
    let n = 0;
    startWith({
      ask: async () => {
        n += 1;
      },
      reset: () => {},
      watch: () => settings.value,
    });
    await pass(10);
    settings.value = 1;
    await pass(0);
    expect(n).toBe(2);
    expect(news().filter((each) => each === "runs")).toEqual(["runs"]);
  });

  it("may need the list of runs at once", async () => {
    let needs = false;
    startWith({ ask: async () => {}, reset: () => {}, isBusy: () => true, needsRuns: () => needs });
    await pass(0);
    news();
    await pass(300);
    expect(news()).toEqual([]);
    needs = true;
    await pass(300);
    expect(news()).toEqual(["runs"]);
  });

  it("that fail are told like others, and are asked for anew", async () => {
    let resets = 0;
    startWith({
      async ask() {
        throw new ApiError("broken", "no layouts");
      },
      reset: () => {
        resets += 1;
      },
    });
    await pass(0);
    expect([session.failure.value, resets]).toEqual(["no layouts", 1]);
  });
});
