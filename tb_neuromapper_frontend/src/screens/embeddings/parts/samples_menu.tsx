import { useSignal } from "@preact/signals";
import type { Session } from "../../../session";
import { count, integer } from "../../../ui/format";
import { Menu } from "../../../ui/menu";
import type { Embeddings } from "../state/actions";

/** A link holds as many digits. */
const MAX_SEED = 999_999_999;
const SIZES = [500, 1000, 2000, 4000, 6000, 8000, 10000];

/** How many samples are drawn, and which. */
export function SamplesMenu({ session, embeddings }: { session: Session; embeddings: Embeddings }) {
  const n = session.run.value?.n_samples ?? 0;
  const { size, seed, stratified } = embeddings.sampling.value;
  const { sampled } = embeddings.actions;
  const shown = Math.min(n, size ?? n);
  return (
    <Menu label={shown === n ? "All samples" : count(shown, "sample")} testId="samples-menu">
      <div class="nm-layout-form">
        <WholeNumber
          label={`samples, 1 to ${integer(n)}`}
          testId="sample-size"
          value={shown}
          range={[1, n]}
          allowed={`1 to ${integer(n)} samples can be drawn`}
          onChosen={(wanted) => sampled({ size: wanted < n ? wanted : null })}
        />
        <fieldset class="nm-sizes" aria-label="Number of samples">
          {SIZES.filter((each) => each < n).map((each) => (
            <button key={each} type="button" class="nm-button" onClick={() => sampled({ size: each })}>
              {integer(each)}
            </button>
          ))}
          <button
            type="button"
            class="nm-button"
            data-testid="samples-all"
            onClick={() => sampled({ size: null })}
          >
            all
          </button>
        </fieldset>
        <WholeNumber
          label="seed"
          title="Same seed, same samples"
          testId="sample-seed"
          value={seed}
          range={[0, MAX_SEED]}
          allowed={`a seed is a whole number from 0 to ${integer(MAX_SEED)}`}
          onChosen={(wanted) => sampled({ seed: wanted })}
        />
        {session.run.value?.label_kind === "class" && (
          <label title="As many of each class as its share of all samples">
            <span>by class</span>
            <input
              type="checkbox"
              checked={stratified}
              data-testid="sample-stratified"
              onChange={() => sampled({ stratified: !stratified })}
            />
          </label>
        )}
      </div>
    </Menu>
  );
}

interface WholeNumberProps {
  label: string;
  title?: string;
  testId: string;
  value: number;
  range: readonly [number, number];
  /** What can be given, in words. */
  allowed: string;
  onChosen: (value: number) => void;
}

/** A number is taken or refused in words, never changed. */
function WholeNumber({
  label,
  title,
  testId,
  value,
  range: [min, max],
  allowed,
  onChosen,
}: WholeNumberProps) {
  const refused = useSignal("");
  const choose = (input: HTMLInputElement) => {
    const wanted = input.value === "" ? Number.NaN : Number(input.value);
    const isAllowed = Number.isInteger(wanted) && wanted >= min && wanted <= max;
    refused.value = isAllowed ? "" : `${input.value || "Nothing"} was given; ${allowed}.`;
    if (isAllowed) onChosen(wanted);
    else input.value = String(value);
  };
  return (
    <>
      <label title={title}>
        <span>{label}</span>
        <input
          type="number"
          min={min}
          max={max}
          value={value}
          data-testid={testId}
          onChange={(event) => choose(event.currentTarget)}
        />
      </label>
      <p class="nm-error nm-missing" role="status" data-testid={`${testId}-refused`}>
        {refused.value}
      </p>
    </>
  );
}
