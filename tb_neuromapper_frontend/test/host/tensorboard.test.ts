import { describe, expect, it } from "vitest";
import { createAddress, hashWithParams, paramsOfHash } from "../../src/host/tensorboard";

/** A window whose `hashchange` comes when the test says so: browsers report a new address later than they show it. */
function fakeWindow(hash: string) {
  const events = new EventTarget();
  const location = { hash, pathname: "/", search: "?x" };
  const history = {
    state: null,
    replaceState(_state: unknown, _title: string, url: string) {
      location.hash = url.slice(url.indexOf("#"));
    },
  };
  const target = Object.assign(events, { location, history }) as unknown as Window;
  return { target, location, report: () => events.dispatchEvent(new Event("hashchange")) };
}

describe("address", () => {
  it("keeps a link that was followed a moment ago and not reported yet", () => {
    const { target, location, report } = fakeWindow("#neuromapper&p.neuromapper.run=a");
    const address = createAddress(target);
    const opened: unknown[] = [];
    address.watch((params) => opened.push(params));
    const link = "#neuromapper&p.neuromapper.run=b";
    location.hash = link;
    expect(address.write({ run: "a", step: "3" })).toBe(false);
    expect(location.hash).toBe(link);
    report();
    expect(opened).toEqual([{ run: "b" }]);
    expect(address.write({ run: "b", step: "1" })).toBe(true);
    expect(address.read()).toEqual({ run: "b", step: "1" });
  });

  it("is written at the second attempt if nobody reports the change", () => {
    const { target, location } = fakeWindow("");
    const address = createAddress(target);
    location.hash = "#neuromapper";
    expect(address.write({ run: "a" })).toBe(false);
    expect(address.write({ run: "a" })).toBe(true);
    expect(location.hash).toBe("#neuromapper&p.neuromapper.run=a");
  });

  it("is written again and again while it is ours alone", () => {
    const { target, location } = fakeWindow("#neuromapper");
    const address = createAddress(target);
    for (const step of ["1", "2", "3"]) {
      expect(address.write({ step })).toBe(true);
      expect(location.hash).toBe(`#neuromapper&p.neuromapper.step=${step}`);
    }
  });

  it("is left alone while another tab is open", () => {
    const { target, location, report } = fakeWindow("#scalars");
    const address = createAddress(target);
    let n = 0;
    address.watch(() => n++);
    expect(address.write({ run: "a" })).toBe(true);
    expect(location.hash).toBe("#scalars");
    report();
    expect(n).toBe(0);
  });
});

describe("a hash", () => {
  it("with escapes that are broken does not throw", () => {
    expect(paramsOfHash("#neuromapper&p.neuromapper.run=%E0%A4%A")).toEqual({ run: "%E0%A4%A" });
  });

  it("keeps other plugins' parts", () => {
    expect(hashWithParams("#neuromapper&p.other.x=1&p.neuromapper.step=3", { step: "4" })).toBe(
      "#neuromapper&p.other.x=1&p.neuromapper.step=4",
    );
  });

  it("is not written while another tab is open", () => {
    expect(hashWithParams("#scalars&x=1", { step: "4" })).toBeNull();
  });

  it("is written where no tab is named", () => {
    expect(hashWithParams("", { step: "4" })).toBe("#neuromapper&p.neuromapper.step=4");
  });
});
