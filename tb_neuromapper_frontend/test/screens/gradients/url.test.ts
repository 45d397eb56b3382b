import { expect, it } from "vitest";
import { createPage } from "../../page";

it("a link says which layer and unit the side is about, and what the views show", () => {
  const { session, gradients } = createPage();
  session.actions.linkOpened({
    layer: "layer1.0/é,&",
    unit: "7",
    measure: "dead",
    shown: "value",
    lines: "all",
    pass: "0.5",
    folded: ".layer1,.a%2Cb",
    unfolded: ".",
  });
  expect(gradients.layer.value).toBe("layer1.0/é,&");
  expect(gradients.pinned.value).toEqual({ layer: "layer1.0/é,&", unit: 7 });
  expect([gradients.measure.value, gradients.shown.value]).toEqual(["dead", "value"]);
  expect([gradients.edgeLimit.value, gradients.passS.value]).toEqual([null, 0.5]);
  expect([[...gradients.folded.value], [...gradients.unfolded.value]]).toEqual([["layer1", "a,b"], [""]]);
});

it("what a link does not name is at its default again", () => {
  const { session, gradients } = createPage();
  session.actions.linkOpened({
    layer: "fc",
    unit: "1",
    measure: "dead",
    lines: "0",
    pass: "8",
    folded: ".a",
  });
  expect(gradients.edgeLimit.value).toBe(0);
  session.actions.linkOpened({});
  expect([gradients.layer.value, gradients.pinned.value, gradients.folded.value.size]).toEqual([
    null,
    null,
    0,
  ]);
  expect([gradients.measure.value, gradients.shown.value]).toEqual(["gradient_norm", "gradient"]);
  expect([gradients.edgeLimit.value, gradients.passS.value]).toEqual([200, 2]);
});
