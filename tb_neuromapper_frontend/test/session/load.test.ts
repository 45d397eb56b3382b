import { signal } from "@preact/signals";
import { beforeEach, describe, expect, it } from "vitest";
import { ApiError } from "../../src/api/errors";
import { reporting, syncLoaded, type Wanted } from "../../src/session/load";

interface Request {
  key: string;
  signal: AbortSignal;
  /** Resolve when what follows from the answer has been done. */
  answer(value?: string): Promise<void>;
  fail(error: unknown): Promise<void>;
}

const settle = () => new Promise<void>((resolve) => setTimeout(resolve));

let requests: Request[];
let arrived: string[];
let failed: string[];
const wanted = signal<string | null | undefined>(undefined);
/** Read by the plan, without being part of the key. */
const ticks = signal(0);

beforeEach(() => {
  requests = [];
  arrived = [];
  failed = [];
  wanted.value = undefined;
});

function plan(): Wanted<string> | null | undefined {
  const key = wanted.value;
  ticks.value;
  if (key === null || key === undefined) return key;
  const load = (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      requests.push({
        key,
        signal,
        answer(value = `the ${key}`) {
          resolve(value);
          return settle();
        },
        fail(error) {
          reject(error);
          return settle();
        },
      });
    });
  return { key, load };
}

function start(options: { nKept?: number; isWhole?: (value: string) => boolean } = {}) {
  return syncLoaded(plan, {
    arrived: (value) => arrived.push(value),
    failed: ({ message }, key) => failed.push(`${key}: ${message}`),
    ...options,
  });
}

const asked = () => requests.map(({ key }) => key);
const isAborted = () => requests.map(({ signal }) => signal.aborted);

describe("what is wanted", () => {
  it("is asked for once while it is under way", async () => {
    const stop = start();
    wanted.value = "a";
    ticks.value += 1;
    expect(asked()).toEqual(["a"]);
    await requests[0].answer();
    expect(arrived).toEqual(["the a"]);
    stop();
  });

  it("under another key gives up what is under way, whose answer does not arrive", async () => {
    const stop = start({ nKept: 1 });
    wanted.value = "a";
    wanted.value = "b";
    expect([asked(), isAborted()]).toEqual([
      ["a", "b"],
      [true, false],
    ]);
    await requests[0].answer();
    expect(arrived).toEqual([]);
    await requests[1].answer();
    expect(arrived).toEqual(["the b"]);
    stop();
  });

  it("by null is nothing, and gives up what is under way", async () => {
    const stop = start();
    wanted.value = "a";
    wanted.value = null;
    await requests[0].answer();
    expect([isAborted(), arrived]).toEqual([[true], []]);
    wanted.value = "a";
    expect(asked()).toEqual(["a", "a"]);
    stop();
  });

  it("by undefined is not known, and leaves alone what is under way", async () => {
    const stop = start();
    wanted.value = "a";
    wanted.value = undefined;
    wanted.value = "a";
    expect(asked()).toEqual(["a"]);
    wanted.value = undefined;
    await requests[0].answer();
    expect([isAborted(), arrived]).toEqual([[false], ["the a"]]);
    stop();
  });

  it("is asked for no more when it is ended", async () => {
    const stop = start();
    wanted.value = "a";
    stop();
    expect(isAborted()).toEqual([true]);
    wanted.value = "b";
    await requests[0].answer();
    expect([asked(), arrived]).toEqual([["a"], []]);
  });
});

describe("answers", () => {
  it("are not kept unless it is said how many: the same is asked for anew when the signals change", async () => {
    const stop = start();
    wanted.value = "a";
    await requests[0].answer();
    ticks.value += 1;
    expect(asked()).toEqual(["a", "a"]);
    stop();
  });

  it("that are kept arrive again at once; the oldest leave", async () => {
    const stop = start({ nKept: 2 });
    for (const [place, key] of ["a", "b", "c"].entries()) {
      wanted.value = key;
      await requests[place].answer();
    }
    wanted.value = "b";
    expect([asked(), arrived]).toEqual([
      ["a", "b", "c"],
      ["the a", "the b", "the c", "the b"],
    ]);
    wanted.value = "a";
    expect(asked()).toEqual(["a", "b", "c", "a"]);
    stop();
  });

  it("that came too late are kept all the same", async () => {
    const stop = start({ nKept: 2 });
    wanted.value = "a";
    wanted.value = "b";
    await requests[0].answer();
    await requests[1].answer();
    wanted.value = "a";
    expect([asked(), arrived]).toEqual([
      ["a", "b"],
      ["the b", "the a"],
    ]);
    stop();
  });

  it("that failed in part arrive, but are not kept", async () => {
    const stop = start({ nKept: 2, isWhole: (value) => value !== "half" });
    wanted.value = "a";
    await requests[0].answer("half");
    ticks.value += 1;
    expect([asked(), arrived]).toEqual([["a", "a"], ["half"]]);
    stop();
  });
});

describe("what goes wrong", () => {
  it("is told with its key, and asked for again when the signals change", async () => {
    const stop = start({ nKept: 1 });
    wanted.value = "a";
    await requests[0].fail(new ApiError("offline", "nobody there"));
    expect([failed, arrived]).toEqual([["a: nobody there"], []]);
    ticks.value += 1;
    expect(asked()).toEqual(["a", "a"]);
    await requests[1].fail(new Error("odd"));
    expect(failed[1]).toBe("a: odd");
    stop();
  });

  it("is not told of what was given up", async () => {
    const stop = start();
    wanted.value = "a";
    wanted.value = "b";
    await requests[0].fail(new ApiError("refused", "too late"));
    await requests[1].fail(new ApiError("aborted", "cancelled"));
    expect(failed).toEqual([]);
    stop();
  });

  it("is a sentence for the reader if the server refused or its answer is broken", () => {
    const told: string[] = [];
    const report = reporting((sentence) => told.push(sentence));
    for (const kind of ["refused", "broken", "offline", "aborted"] as const) report(new ApiError(kind, kind));
    expect(told).toEqual(["refused", "broken"]);
  });
});
