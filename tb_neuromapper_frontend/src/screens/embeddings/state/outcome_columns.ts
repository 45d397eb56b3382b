import type { Run } from "../../../api/types";

/** Columns with a meaning of their own. */
const FIXED = ["predicted", "confidence", "loss"];

/** The names of a run's columns of outcomes. */
export function outcomeColumns(run: Run): readonly string[] {
  return run.outcome_steps.length === 0 ? [] : (run.outcome_columns ?? FIXED);
}

/** Those without a meaning of their own, which a function of the user gave. */
export function otherColumns(run: Run): string[] {
  return outcomeColumns(run).filter((name) => !FIXED.includes(name));
}
