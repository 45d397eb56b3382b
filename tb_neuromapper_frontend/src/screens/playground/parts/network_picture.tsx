import { integer } from "../../../ui/format";
import { countParameters } from "../state/state";

const WIDTH = 440;
const HEIGHT = 150;
const TOP = 12;
const BOTTOM = 34;
const MAX_DRAWN = 7;
const RADIUS = 4;

/** A column of circles for each layer, a line for each connection between those that are drawn. */
export function NetworkPicture({ units }: { units: readonly number[] }) {
  const columns = units.map((n, index) => place(n, index, units.length));
  const words = `${integer(units[0])} inputs, ${hiddenText(units)}, ${integer(units[units.length - 1])} classes`;
  return (
    <figure class="nm-network" data-testid="network">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={words}>
        <g class="nm-network-lines">
          {columns
            .slice(1)
            .flatMap((column, index) =>
              column.ys.flatMap((y, to) =>
                columns[index].ys.map((before, from) => (
                  <line
                    key={`${index}.${from}.${to}`}
                    x1={columns[index].x}
                    y1={before}
                    x2={column.x}
                    y2={y}
                  />
                )),
              ),
            )}
        </g>
        {columns.map((column, index) => (
          <g key={index}>
            {column.ys.map((y) => (
              <circle key={y} cx={column.x} cy={y} r={RADIUS} />
            ))}
            {column.n > MAX_DRAWN && (
              <text x={column.x} y={HEIGHT - BOTTOM + 12} text-anchor="middle">
                …
              </text>
            )}
            <text x={column.x} y={HEIGHT - 6} text-anchor="middle">
              {integer(column.n)}
            </text>
          </g>
        ))}
      </svg>
      <figcaption class="nm-muted">
        {words}: {integer(countParameters(units))} weights and biases
      </figcaption>
    </figure>
  );
}

function hiddenText(units: readonly number[]): string {
  const hidden = units.slice(1, -1).map(integer);
  if (hidden.length === 0) return "no hidden layer";
  return `hidden ${hidden.length === 1 ? "layer" : "layers"} of ${hidden.join(", ")} units`;
}

function place(n: number, index: number, nColumns: number) {
  const drawn = Math.min(n, MAX_DRAWN);
  const gap = (HEIGHT - TOP - BOTTOM) / MAX_DRAWN;
  const middle = TOP + (HEIGHT - TOP - BOTTOM) / 2;
  const ys = Array.from({ length: drawn }, (_, row) => middle + (row - (drawn - 1) / 2) * gap);
  return { n, ys, x: 30 + (index * (WIDTH - 60)) / (nColumns - 1) };
}
