import { expect, it } from "vitest";
import type { Run } from "../../../src/api/types";
import { hasPredictions, whyNoRegions } from "../../../src/screens/embeddings/state/decision_regions";
import { run } from "../../fixtures";
import { createPage } from "../../page";

it("regions are there where a run logs predicted classes, in no other classes' colours", () => {
  const { session, embeddings } = createPage();
  const logging = (label_kind: Run["label_kind"], outcome_steps: number[]) =>
    run("one", { label_kind, outcome_steps });
  const kind = "class" as const;
  for (const without of [logging("target", [0]), logging("class", []), logging(null, [0])]) {
    session.run.value = without;
    expect(hasPredictions(session, embeddings)).toBe(false);
    expect(whyNoRegions(session, embeddings, { kind })).toContain("logs no predicted classes");
  }
  session.run.value = logging("class", [0]);
  expect(whyNoRegions(session, embeddings, { kind })).toBe("");
  embeddings.colorBy.value = "metadata:writer";
  expect(whyNoRegions(session, embeddings, { kind })).toContain("Colour by something else");
  expect(whyNoRegions(session, embeddings, { kind: "ramp" })).toBe("");
});
