import { computed, effect, untracked } from "@preact/signals";
import { asApiError } from "../../../api/errors";
import type { Session } from "../../../session";
import { reporting } from "../../../session/load";
import type { ScalarsApi } from "../api";
import type { Scalars } from "./actions";
import { missingSeries, seriesKey } from "./state";

const POLL_MS = 2000;
const MAX_AT_ONCE = 4;

/** Keeps the list of scalars up to date while the screen is open, and fetches what its charts need. */
export function syncScalars(
  session: Session,
  scalars: Scalars,
  api: ScalarsApi,
  isVisible: () => boolean,
): void {
  const underWay = new Set<string>();
  const report = reporting(session.actions.failed);
  const ask = async () => {
    if (!isVisible() || session.connection.peek().state === "lost") return;
    try {
      scalars.actions.scalarsLoaded(await api.scalars());
    } catch (caught) {
      report(asApiError(caught));
    }
  };
  // An exported page holds no scalars, which is known with its runs.
  const isOpen = computed(
    () => session.screen.value === "scalars" && session.runs.value !== null && !session.runs.value.exported,
  );
  effect(() => (isOpen.value ? untracked(() => repeat(ask, POLL_MS)) : undefined));
  const fetchSeries = async (run: string, tag: string) => {
    const key = seriesKey(run, tag);
    underWay.add(key);
    try {
      scalars.actions.seriesLoaded(await api.series(run, tag));
    } catch (caught) {
      report(asApiError(caught));
    } finally {
      underWay.delete(key);
      fill();
    }
  };
  const fill = () => {
    for (const { run, tag } of missingSeries(scalars)) {
      if (underWay.size >= MAX_AT_ONCE) return;
      if (!underWay.has(seriesKey(run, tag))) void fetchSeries(run, tag);
    }
  };
  effect(() => {
    if (isOpen.value) fill();
  });
}

/** Does a task now and after each pause, until the function that it returns is called. */
function repeat(task: () => Promise<void>, pauseMs: number): () => void {
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const loop = async () => {
    await task();
    // It may have come to its end while the task was under way.
    if (!isOver) timer = setTimeout(() => void loop(), pauseMs);
  };
  void loop();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
