"""Counts what a page holds on the GPU and on the JavaScript heap."""

# Runs before the page's own scripts. Bytes are those of buffers and of RGBA8 textures.
COUNT_GPU_OBJECTS = """
(() => {
  const live = new Map();
  const note = (object, entry) => object && live.set(object, entry);
  const bound = new Map();
  for (const type of [window.WebGL2RenderingContext, window.WebGLRenderingContext]) {
    if (!type) continue;
    const wrap = (name, before) => {
      const original = type.prototype[name];
      if (!original) return;
      type.prototype[name] = function (...args) {
        const result = original.apply(this, args);
        before.call(this, result, ...args);
        return result;
      };
    };
    const kinds = ["Buffer", "Texture", "Program", "Shader", "VertexArray", "Framebuffer", "Renderbuffer"];
    for (const kind of kinds) {
      wrap(`create${kind}`, (object) => note(object, { kind, bytes: 0 }));
      wrap(`delete${kind}`, (_, object) => live.delete(object));
    }
    wrap("bindBuffer", (_, target, buffer) => bound.set(target, buffer));
    wrap("bindTexture", (_, target, texture) => bound.set(target, texture));
    const fill = (target, bytes) => {
      const entry = live.get(bound.get(target));
      if (entry) entry.bytes = bytes;
    };
    wrap("bufferData", (_, target, data) => fill(target, typeof data === "number" ? data : data?.byteLength ?? 0));
    wrap("texImage2D", (_, target, level, format, width, height) => {
      if (typeof height === "number") fill(target, 4 * width * height);
    });
  }
  window.__gpuObjects = () => {
    const counts = {};
    let bytes = 0;
    for (const { kind, bytes: own } of live.values()) {
      counts[kind] = (counts[kind] ?? 0) + 1;
      bytes += own;
    }
    return { counts, bytes };
  };
})();
"""


class HeapMeter:
    """The JavaScript heap of a page (with all its frames) after collecting garbage."""

    def __init__(self, page):
        self._session = page.context.new_cdp_session(page)
        self._session.send("Performance.enable")

    def read(self):
        """heap_mb: objects; arrays_mb: what typed arrays hold; and the numbers of DOM nodes and listeners."""
        for _ in range(3):
            self._session.send("HeapProfiler.collectGarbage")
        usage = self._session.send("Runtime.getHeapUsage")
        metrics = {item["name"]: item["value"] for item in self._session.send("Performance.getMetrics")["metrics"]}
        return {
            "heap_mb": usage["usedSize"] / 2**20,
            "arrays_mb": usage.get("backingStorageSize", 0) / 2**20,
            "nodes": metrics["Nodes"],
            "listeners": metrics["JSEventListeners"],
        }
