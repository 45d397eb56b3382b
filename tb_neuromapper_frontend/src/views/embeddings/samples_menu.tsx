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
  return (
    <Menu label={shown === n ? "All samples" : count(shown, "sample")} testId="samples-menu">
      <div class="nm-layout-form">
        <label>
          <span>samples</span>
          <input
            type="number"
            min={1}
            max={n}
            value={shown}
            aria-label={`How many of ${integer(n)} samples`}
            data-testid="sample-size"
            onChange={(event) => sampled({ size: sizeOf(event.currentTarget.value, n) })}
          />
        </label>
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

function sizeOf(text: string, n: number): number | null {
  const size = Math.trunc(Number(text));
  return size >= 1 && size < n ? size : null;
}
