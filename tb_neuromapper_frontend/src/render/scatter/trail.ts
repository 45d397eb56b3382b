/** Numbers of a trail's vertex: x and y in pixels, opacity. */
export const TRAIL_FLOATS = 3;

export interface TrailPoint {
  x: number;
  y: number;
  opacity: number;
}

/**
 * A line through the points as triangles: two for each piece, `width` pixels wide.
 *
 * @returns vertices for gl.TRIANGLES; empty for fewer than two points. Pieces without length are left out.
 */
export function trailTriangles(points: readonly TrailPoint[], width: number): Float32Array {
  const vertices: number[] = [];
  for (let i = 1; i < points.length; i++) {
    const [p, q] = [points[i - 1], points[i]];
    const length = Math.hypot(q.x - p.x, q.y - p.y);
    if (!(length > 0)) continue;
    const nx = (-(q.y - p.y) / length) * (width / 2);
    const ny = ((q.x - p.x) / length) * (width / 2);
    const corner = ({ x, y, opacity }: TrailPoint, side: number) => [x + side * nx, y + side * ny, opacity];
    vertices.push(...corner(p, 1), ...corner(p, -1), ...corner(q, 1));
    vertices.push(...corner(q, 1), ...corner(p, -1), ...corner(q, -1));
  }
  return Float32Array.from(vertices);
}
