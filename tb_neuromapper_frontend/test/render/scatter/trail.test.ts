import { expect, it } from "vitest";
import { trailTriangles } from "../../../src/render/scatter/trail";

it("a trail is as wide as asked and leaves out pieces without length", () => {
  const point = (x: number, y: number) => ({ x, y, opacity: 1 });
  const vertices = trailTriangles([point(0, 0), point(10, 0), point(10, 0)], 2);
  expect(vertices.length).toBe(6 * 3);
  const ys = vertices.filter((_, index) => index % 3 === 1);
  expect([Math.min(...ys), Math.max(...ys)]).toEqual([-1, 1]);
  expect(trailTriangles([point(1, 1)], 2).length).toBe(0);
});
