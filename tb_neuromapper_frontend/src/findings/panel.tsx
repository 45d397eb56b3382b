import { useSignal } from "@preact/signals";
import type { Session } from "../session";
import { count, integer, number, scientific } from "../ui/format";
import type { Findings } from "./state";
import type { Finding, FindingsReport } from "./types";

/** What the rules say of the run on view, each with a link to where it is seen. */
export function FindingsPanel({ session, findings }: { session: Session; findings: Findings }) {
  const found = findings.report.value;
  if (session.runName.value === null) return null;
  return (
    <section
      class="nm-side-part nm-findings"
      aria-label="Findings"
      data-testid="findings"
      data-run={found?.run ?? ""}
    >
      <h2>
        Findings
        {found && (
          <span class="nm-muted"> {found.findings.length === 0 ? "none" : found.findings.length}</span>
        )}
      </h2>
      {found === null ? <p class="nm-muted">Looking.</p> : <Found findings={findings} found={found} />}
    </section>
  );
}

function Found({ findings, found }: { findings: Findings; found: FindingsReport }) {
  const titles = new Map(found.rules.map(({ kind, title }) => [kind, title]));
  const named = (kinds: readonly string[]) => kinds.map((kind) => titles.get(kind) ?? kind).join(", ");
  return (
    <>
      <ol>
        {found.findings.map((finding, index) => (
          <Item
            key={`${finding.kind} ${finding.where}`}
            findings={findings}
            found={found}
            finding={finding}
            index={index}
          />
        ))}
      </ol>
      {found.healthy.length > 0 && (
        <p class="nm-muted" data-testid="healthy">
          Looked for and not found: {named(found.healthy)}.
        </p>
      )}
      {found.unchecked.length > 0 && (
        <p class="nm-muted" data-testid="unchecked">
          Not looked for, since the log holds nothing about it: {named(found.unchecked)}.
        </p>
      )}
      <Thresholds findings={findings} found={found} />
    </>
  );
}

interface ItemProps {
  findings: Findings;
  found: FindingsReport;
  finding: Finding;
  index: number;
}

function Item({ findings, found, finding, index }: ItemProps) {
  const rule = found.rules.find(({ kind }) => kind === finding.kind);
  return (
    <li data-testid="finding" data-kind={finding.kind} data-where={finding.where}>
      <button
        type="button"
        class="nm-button nm-finding"
        onClick={() => findings.actions.findingOpened(finding)}
      >
        <b>
          <span class="nm-finding-number">{index + 1}</span> {headOf(finding, rule?.title ?? finding.kind)}
        </b>
        <span class="nm-muted">{stepText(finding)}</span>
      </button>
      <p>{finding.message}</p>
      <details>
        <summary>evidence and source</summary>
        <dl class="nm-facts">
          {Object.entries(finding.evidence).map(([name, value]) => [
            <dt key={`${name} name`}>{name.replaceAll("_", " ")}</dt>,
            <dd key={name}>{formatValue(value)}</dd>,
          ])}
          {finding.units.length > 0 && [
            <dt key="units name">units</dt>,
            <dd key="units">{formatValue(finding.units)}</dd>,
          ]}
        </dl>
        <p class="nm-muted">{rule?.source}</p>
      </details>
    </li>
  );
}

function headOf({ where, units }: Finding, title: string): string {
  const place = where === "" ? "whole network" : where;
  return units.length > 0 ? `${place}: ${integer(units.length)} ${title}` : `${place}: ${title}`;
}

function stepText({ steps }: Finding): string {
  if (steps.length === 0) return "";
  const parts = steps
    .slice(0, 3)
    .map(([first, last]) => (first === last ? integer(first) : `${integer(first)}–${integer(last)}`));
  return ` step ${parts.join(", ")}${steps.length > 3 ? ` and ${count(steps.length - 3, "more stretch")}` : ""}`;
}

const MAX_ITEMS = 40;

function formatValue(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? integer(value) : scientific(value);
  if (value === null || value === undefined || value === "") return "–";
  if (!Array.isArray(value)) return typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
  const rest = value.length > MAX_ITEMS ? ` and ${integer(value.length - MAX_ITEMS)} more` : "";
  return value.length === 0 ? "–" : value.slice(0, MAX_ITEMS).map(formatValue).join(", ") + rest;
}

/** Each rule's thresholds, which may be changed; the address keeps them. */
function Thresholds({ findings, found }: { findings: Findings; found: FindingsReport }) {
  const { actions, thresholds } = findings;
  const isChanged = Object.keys(thresholds.value).length > 0;
  const refusal = useSignal("");
  return (
    <details data-testid="thresholds">
      <summary>thresholds{isChanged && " (changed)"}</summary>
      {found.thresholds.map(({ name, title, value, default: usual, low, high, unit }) => (
        <label key={name} class="nm-threshold" title={`${unit}; usually ${usual}`}>
          <span>
            {title} <span class="nm-muted">({unit})</span>
          </span>
          <input
            type="number"
            step="any"
            min={low}
            max={high}
            // Only another value makes another input: what is being typed stays when findings arrive.
            key={value}
            defaultValue={String(value)}
            data-testid={`threshold-${name}`}
            onChange={(event) => {
              const next = event.currentTarget.valueAsNumber;
              const isAllowed = next >= low && next <= high;
              const given = Number.isNaN(next) ? "that is no number" : `${number(next)} is not allowed`;
              refusal.value = isAllowed
                ? ""
                : `${title}: ${given}; give a number from ${number(low)} to ${number(high)}.`;
              if (isAllowed) actions.thresholdChosen(name, next === usual ? null : next);
              else event.currentTarget.value = String(value);
            }}
          />
        </label>
      ))}
      {refusal.value && (
        <p class="nm-error" role="alert" data-testid="threshold-refused">
          {refusal.value}
        </p>
      )}
      <button
        type="button"
        class="nm-button"
        disabled={!isChanged}
        data-testid="thresholds-reset"
        onClick={actions.thresholdsReset}
      >
        usual thresholds
      </button>
    </details>
  );
}
