import type { Outcomes, Run, SampleId, Samples } from "../api/types";
import type { Rows } from "../session/selection";

type Value = string | number | boolean | null;

/** One sample as it is written to a file; null is "not known". */
export interface SampleRecord {
  row: number;
  id: SampleId;
  label: Value;
  predicted: Value;
  /** The probability that the network gave to the label. */
  confidence_in_label: number | null;
  loss: number | null;
  /** The same of the run beside, if there is one. */
  beside?: { run: string; predicted: Value; confidence_in_label: number | null; loss: number | null };
  /** Other columns of the outcomes, if the run has any. */
  outcomes?: Record<string, Value>;
  metadata: Record<string, Value>;
}

/** What is known of the samples; outcomes are those of one epoch, or null. */
export function sampleRecords(
  rows: Rows,
  run: Pick<Run, "class_names">,
  samples: Samples,
  outcomes: Outcomes | null,
  beside: { run: Pick<Run, "name" | "class_names">; outcomes: Outcomes | null } | null = null,
): SampleRecord[] {
  const labelOf = (row: number) =>
    samples.labels ? className(run, samples.labels[row]) : finite(samples.targets?.[row]);
  return [...rows].map((row) => ({
    row,
    id: samples.ids[row] ?? row,
    label: labelOf(row),
    ...outcomeOf(run, outcomes, row),
    ...(outcomes && Object.keys(outcomes.others).length > 0 ? { outcomes: othersOf(outcomes, row) } : {}),
    ...(beside ? { beside: { run: beside.run.name, ...outcomeOf(beside.run, beside.outcomes, row) } } : {}),
    metadata: Object.fromEntries(
      Object.entries(samples.metadata).map(([name, values]) => [name, (values[row] ?? null) as Value]),
    ),
  }));
}

function outcomeOf(run: Pick<Run, "class_names">, outcomes: Outcomes | null, row: number) {
  const predicted = outcomes?.predicted;
  return {
    predicted: predicted instanceof Int32Array ? className(run, predicted[row]) : finite(predicted?.[row]),
    confidence_in_label: finite(outcomes?.confidence?.[row]),
    loss: finite(outcomes?.loss?.[row]),
  };
}

function othersOf(outcomes: Outcomes, row: number): Record<string, Value> {
  return Object.fromEntries(
    Object.keys(outcomes.others).map((name) => [name, otherValue(outcomes, name, row)]),
  );
}

/** A sample's value in a column of the outcomes; null is "not known". */
export function otherValue({ others }: Outcomes, name: string, row: number): Value {
  const column = Object.hasOwn(others, name) ? others[name] : null;
  if (!column) return null;
  return column.texts ? (column.texts[column.values[row]] ?? null) : finite(column.values[row]);
}

function className({ class_names }: Pick<Run, "class_names">, index: number): Value {
  return index < 0 ? null : (class_names?.[index] ?? index);
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? Number(value.toPrecision(7)) : null;
}

const OWN = ["row", "id", "label", "predicted", "confidence_in_label", "loss"] as const;
const BESIDE = ["run", "predicted", "confidence_in_label", "loss"] as const;

/**
 * RFC 4180: a line for each sample, a column "metadata.NAME" for each column of the metadata, "outcome.NAME" for each
 * further one of the outcomes; of two runs side by side the second one's columns are "beside.NAME".
 */
export function toCsv(records: readonly SampleRecord[], columns: readonly string[]): string {
  const besides = records.some(({ beside }) => beside) ? BESIDE : [];
  const others = Object.keys(records.find(({ outcomes }) => outcomes)?.outcomes ?? {});
  const lines = records.map(({ metadata, beside, outcomes, ...own }) => [
    ...OWN.map((name) => own[name]),
    ...others.map((name) => outcomes?.[name] ?? null),
    ...besides.map((name) => beside?.[name] ?? null),
    ...columns.map((name) => metadata[name] ?? null),
  ]);
  const more = [
    ...others.map((name) => `outcome.${name}`),
    ...besides.map((name) => `beside.${name}`),
    ...columns.map((name) => `metadata.${name}`),
  ];
  const all = [[...OWN, ...more], ...lines];
  return all.map((line) => `${line.map(toField).join(",")}\r\n`).join("");
}

function toField(value: Value): string {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function toJson(
  records: readonly SampleRecord[],
  about: { run: string; epoch: number | null },
): string {
  return `${JSON.stringify({ ...about, samples: records }, null, 1)}\n`;
}
