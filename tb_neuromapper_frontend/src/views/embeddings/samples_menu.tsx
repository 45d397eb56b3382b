import { useSignal } from "@preact/signals";
import type { Store } from "../../state/store";
import { count, integer } from "../../ui/format";
import { Menu } from "../../ui/menu";

const SIZES = [500, 1000, 2000, 4000, 6000, 8000, 10000];

/** How many samples are drawn, and which. */
export function SamplesMenu({ store }: { store: Store }) {
  const n = store.run.value?.n_samples ?? 0;
  const { size, seed, stratified } = store.sampling.value;
  const { sampled } = store.actions;
  const shown = Math.min(n, size ?? n);
  const refused = useSignal("");
  const choose = (input: HTMLInputElement) => {
    const wanted = Number(input.value);
    const isAllowed = Number.isInteger(wanted) && wanted >= 1 && wanted <= n;
    refused.value = isAllowed
      ? ""
      : `${input.value || "Nothing"} was given; 1 to ${integer(n)} samples can be drawn.`;
    if (isAllowed) sampled({ size: wanted < n ? wanted : null });
    else input.value = String(shown);
  };
  return (
    <Menu label={shown === n ? "All samples" : count(shown, "sample")} testId="samples-menu">
      <div class="nm-layout-form">
        <label>
          <span>samples, 1 to {integer(n)}</span>
          <input
            type="number"
            min={1}
            max={n}
            value={shown}
            aria-label={`How many of ${integer(n)} samples`}
            data-testid="sample-size"
            onChange={(event) => choose(event.currentTarget)}
          />
        </label>
        <p class="nm-error nm-missing" role="status" data-testid="sample-size-refused">
          {refused.value}
        </p>
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
        <label title="Same seed, same samples">
          <span>seed</span>
          <input
            type="number"
            min={0}
            max={2 ** 31 - 1}
            value={seed}
            data-testid="sample-seed"
            onChange={(event) =>
              sampled({ seed: Math.abs(Math.trunc(Number(event.currentTarget.value))) % 2 ** 31 })
            }
          />
        </label>
        {store.run.value?.label_kind === "class" && (
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
