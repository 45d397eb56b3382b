import { useRef } from "preact/hooks";
import type { Session } from "../../../session";
import { IconButton } from "../../../ui/icons";
import type { Playground } from "../state/actions";

interface LayersProps {
  session: Session;
  playground: Playground;
  maxLayers: number;
  /** The element that says what is wrong. */
  wordsId: string;
  problem: string;
}

/** The hidden layers, input to output: a number each, that can be changed or removed, and one more can be added. */
export function LayersField({ playground, maxLayers, wordsId, problem }: LayersProps) {
  const { layers } = playground.draft.value;
  const list = useRef<HTMLUListElement>(null);
  const add = useRef<HTMLButtonElement>(null);
  const remove = (index: number) => {
    playground.actions.layerRemoved(index);
    // The focus must not be lost with the button that had it.
    requestAnimationFrame(() => {
      const buttons = list.current?.querySelectorAll("button");
      (buttons?.[Math.min(index, buttons.length - 1)] ?? add.current)?.focus();
    });
  };
  return (
    <div class="nm-layers">
      <ul ref={list} data-testid="layers">
        {layers.map((text, index) => (
          <li class="nm-layer" key={index}>
            <input
              class="nm-input"
              inputMode="numeric"
              autocomplete="off"
              aria-label={`Units of hidden layer ${index + 1}`}
              aria-invalid={problem !== "" && problem.startsWith(`Layer ${index + 1}:`)}
              aria-describedby={wordsId}
              value={text}
              onInput={(event) => playground.actions.layerTyped(index, event.currentTarget.value)}
              data-testid={`layer-${index + 1}`}
            />
            <IconButton
              icon="close"
              label={`Remove hidden layer ${index + 1}`}
              onClick={() => remove(index)}
              testId={`remove-layer-${index + 1}`}
            />
          </li>
        ))}
      </ul>
      <button
        type="button"
        class="nm-button nm-outlined"
        ref={add}
        disabled={layers.length >= maxLayers}
        title={layers.length >= maxLayers ? `${maxLayers} hidden layers are the most` : undefined}
        onClick={playground.actions.layerAdded}
        data-testid="add-layer"
      >
        + layer
      </button>
    </div>
  );
}
