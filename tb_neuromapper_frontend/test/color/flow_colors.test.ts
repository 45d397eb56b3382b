import { describe, expect, it } from "vitest";
import { flowColor } from "../../src/color/flow_colors";
import { BACKGROUND } from "../../src/color/palette";
import { contrast, distance, fromHex, type Vision } from "../../src/color/space";

describe.each(["light", "dark"] as const)("flowColor on %s ground", (theme) => {
  const at = (share: number, sign: "positive" | "negative") => fromHex(flowColor(share, sign, theme));

  it.each(["normal", "protan", "deutan"] as Vision[])("tells the signs apart for %s eyes", (vision) => {
    for (const share of [0.4, 0.7, 1])
      expect(distance(at(share, "positive"), at(share, "negative"), vision)).toBeGreaterThan(0.06);
  });

  it("goes steadily away from the ground", () => {
    const ground = fromHex(BACKGROUND[theme]);
    for (const sign of ["positive", "negative"] as const) {
      const contrasts = [0, 0.25, 0.5, 0.75, 1].map((share) => contrast(at(share, sign), ground));
      expect(contrasts).toEqual([...contrasts].sort((a, b) => a - b));
      expect(contrasts[4]).toBeGreaterThan(4);
    }
  });
});
