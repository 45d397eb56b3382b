import { IconButton } from "../../../ui/icons";
import type { Embeddings } from "../state/actions";
import { TOOLS, type Tool } from "../state/tool";

const LABELS: Record<Tool, string> = {
  pan: "Drag moves the picture (Escape); with shift or alt it draws a lasso",
  lasso: "Drag draws a lasso around samples (L); shift adds, alt takes away",
  box: "Drag draws a box around samples (B); shift adds, alt takes away",
};

/** What dragging does in the plots. */
export function ToolSwitch({ embeddings }: { embeddings: Embeddings }) {
  return (
    <fieldset class="nm-buttons" aria-label="What dragging does in a plot">
      {TOOLS.map((tool) => (
        <IconButton
          key={tool}
          icon={tool}
          label={LABELS[tool]}
          pressed={embeddings.tool.value === tool}
          onClick={() => {
            if (embeddings.tool.peek() !== tool) embeddings.actions.toolChosen(tool);
          }}
          testId={`tool-${tool}`}
        />
      ))}
    </fieldset>
  );
}
