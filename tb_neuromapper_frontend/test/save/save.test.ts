import { describe, expect, it } from "vitest";
import type { Outcomes, Samples } from "../../src/api/types";
import { fileName } from "../../src/save/download";
import { escapeXml, type Figure, figureSize, toSvg } from "../../src/save/figure";
import { sampleRecords, toCsv, toJson } from "../../src/save/table";

const samples: Samples = {
  ids: ["a", 'b "x", y', "c"],
  descriptions: [],
  metadata: { writer: ["w1", null, "line\nbreak"], age: [1, 2.5, null] },
  labels: Int32Array.from([1, -1, 0]),
  targets: null,
};
const outcomes: Outcomes = {
  step: 3,
  predicted: Int32Array.from([1, 0, 1]),
  confidence: Float32Array.from([0.9, 0.5, Number.NaN]),
  loss: Float32Array.from([0.1, 0.7, 2]),
  others: {},
};
const run = { class_names: ["cat", "dog"] };

describe("the table of the selected samples", () => {
  it("is CSV with quotes where they are needed", () => {
    const records = sampleRecords(Uint32Array.from([0, 1, 2]), run, samples, outcomes);
    expect(toCsv(records, ["writer", "age"])).toBe(
      [
        "row,id,label,predicted,confidence_in_label,loss,metadata.writer,metadata.age",
        "0,a,dog,dog,0.9,0.1,w1,1",
        '1,"b ""x"", y",,cat,0.5,0.7,,2.5',
        '2,c,cat,dog,,2,"line\nbreak",',
        "",
      ].join("\r\n"),
    );
  });

  it("has a column for each further one of the outcomes", () => {
    const others = {
      iou: { values: Float32Array.from([0.5, Number.NaN, 1]), texts: null },
      kind: { values: Int32Array.from([1, -1, 0]), texts: ["hit", "miss"] },
    };
    const records = sampleRecords(Uint32Array.from([0, 1]), run, samples, { ...outcomes, others });
    expect(toCsv(records, []).split("\r\n").slice(0, 3)).toEqual([
      "row,id,label,predicted,confidence_in_label,loss,outcome.iou,outcome.kind",
      "0,a,dog,dog,0.9,0.1,0.5,miss",
      '1,"b ""x"", y",,cat,0.5,0.7,,',
    ]);
  });

  it("has the outcomes of two runs side by side", () => {
    const beside = {
      run: { name: "two", class_names: ["cat", "dog"] },
      outcomes: { ...outcomes, loss: null },
    };
    const records = sampleRecords(Uint32Array.from([0]), run, samples, outcomes, beside);
    expect(toCsv(records, ["age"]).split("\r\n").slice(0, 2)).toEqual([
      "row,id,label,predicted,confidence_in_label,loss,beside.run,beside.predicted,beside.confidence_in_label,beside.loss,metadata.age",
      "0,a,dog,dog,0.9,0.1,two,dog,0.9,,1",
    ]);
  });

  it("is JSON that says which run and epoch", () => {
    const records = sampleRecords(Uint32Array.from([2]), run, samples, outcomes);
    expect(JSON.parse(toJson(records, { run: "r", epoch: 3 }))).toEqual({
      run: "r",
      epoch: 3,
      samples: [
        {
          row: 2,
          id: "c",
          label: "cat",
          predicted: "dog",
          confidence_in_label: null,
          loss: 2,
          metadata: { writer: "line\nbreak", age: null },
        },
      ],
    });
  });

  it("knows targets, and no outcomes at all", () => {
    const targets = { ...samples, labels: null, targets: Float32Array.from([0.5, 1, Number.NaN]) };
    const [first, last] = sampleRecords(Uint32Array.from([0, 2]), { class_names: null }, targets, null);
    expect([first.label, first.predicted, first.confidence_in_label, first.loss]).toEqual([
      0.5,
      null,
      null,
      null,
    ]);
    expect(last.label).toBeNull();
  });
});

describe("the figure", () => {
  const figure: Figure = {
    title: "a < b & c · epoch 3",
    colors: { ground: "#ffffff", ink: "#000000", muted: "#888888", hairline: "#eeeeee" },
    size: { width: 400, height: 300 },
    plots: [
      {
        rect: { x: 0, y: 26, width: 400, height: 274 },
        name: 'block "1"',
        axes: [
          [1, 0],
          [0, -1],
        ],
      },
    ],
    legend: {
      title: "label",
      items: [{ mark: { color: "#ff0000", shape: "disc" }, text: "cat" }],
      ramp: null,
      notes: ["lines hold half of the <samples> or so"],
    },
  };

  it("holds the words, the frames, the legend and the points' picture", () => {
    const svg = toSvg(figure, "data:image/png;base64,AAAA");
    expect(svg).toContain("a &lt; b &amp; c · epoch 3");
    expect(svg).toContain("block &quot;1&quot;");
    expect(svg).toContain('href="data:image/png;base64,AAAA"');
    expect(svg).toContain(">cat</text>");
    expect(svg).toContain(">lines hold half of the</text>");
    expect(svg).toContain(">&lt;samples&gt; or so</text>");
    expect(svg).toContain('stroke="#eeeeee"');
  });

  it("draws a scale for numbers", () => {
    const ramp = { colors: ["#000000", "#ffffff"], low: "0", high: "2 and more" };
    const svg = toSvg({ ...figure, legend: { title: "loss", items: [], ramp, notes: [] } }, "");
    expect(svg).toContain('<stop offset="1" stop-color="#ffffff"/>');
    expect(svg).toContain("2 and more");
  });

  it("names how many classes are left out", () => {
    const items = Array.from({ length: 1000 }, (_, i) => ({
      mark: { color: "#ff0000", shape: "disc" as const },
      text: `c${i}`,
    }));
    const many = { ...figure, legend: { title: "label", items, ramp: null, notes: [] } };
    expect(toSvg(many, "")).toContain("and 940 more");
    expect(figureSize(many).height).toBeLessThan(1300);
  });

  it("leaves out what XML does not know", () => {
    expect(escapeXml("a\u0000b\u0007<")).toBe("ab&lt;");
  });
});

describe("a file's name", () => {
  it("holds no letters that file systems refuse", () => {
    expect(fileName(["a/b: c", "epoch", 3], "png")).toBe("a-b-c_epoch_3.png");
    expect(fileName([".", null, ""], "csv")).toBe("neuromapper.csv");
    expect(fileName(["Größe"], "svg")).toBe("Größe.svg");
  });
});
