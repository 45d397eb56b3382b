import type { Outcomes, Run, SampleId, Samples } from "../api/types";
import type { Rows } from "../state/selection";

type Value = string | number | boolean | null;

/** One sample as it is written to a file; null is "not known". */
export interface SampleRecord {
  row: number;
  id: SampleId;
  label: Value;
  predicted: Value;
  confidence: number | null;
  loss: number | null;
  metadata: Record<string, Value>;
}

/** What is known of the samples; outcomes are those of one epoch, or null. */
export function sampleRecords(
  rows: Rows,
  run: Pick<Run, "class_names">,
  samples: Samples,
  outcomes: Outcomes | null,
): SampleRecord[] {
  const className = (index: number) => (index < 0 ? null : (run.class_names?.[index] ?? index));
  const labelOf = (row: number) =>
    samples.labels ? className(samples.labels[row]) : finite(samples.targets?.[row]);
  const predictedOf = (row: number) => {
    if (!outcomes) return null;
    const { predicted } = outcomes;
    return predicted instanceof Int32Array ? className(predicted[row]) : finite(predicted[row]);
  };
  return [...rows].map((row) => ({
    row,
    id: samples.ids[row] ?? row,
    label: labelOf(row),
    predicted: predictedOf(row),
    confidence: finite(outcomes?.confidence?.[row]),
    loss: finite(outcomes?.loss?.[row]),
    metadata: Object.fromEntries(
      Object.entries(samples.metadata).map(([name, values]) => [name, (values[row] ?? null) as Value]),
    ),
  }));
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? Number(value.toPrecision(7)) : null;
}

/** RFC 4180: a line for each sample, a column "metadata.NAME" for each column of the metadata. */
export function toCsv(records: readonly SampleRecord[], columns: readonly string[]): string {
  const head = ["row", "id", "label", "predicted", "confidence", "loss"];
  const lines = records.map(({ metadata, ...fixed }) => [
    ...head.map((name) => fixed[name as keyof typeof fixed]),
    ...columns.map((name) => metadata[name] ?? null),
  ]);
  const all = [[...head, ...columns.map((name) => `metadata.${name}`)], ...lines];
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
