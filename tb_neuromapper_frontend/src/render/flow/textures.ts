import { type FlowPlaces, PLACES_WIDTH } from "./scene";

/** The nodes' places and the colours as textures; uploaded when they change. */
export interface FlowTextures {
  /** Binds the places to unit 0 and the palette to unit 1. */
  bind(places: FlowPlaces, palette: Uint8Array): void;
  dispose(): void;
}

export function createFlowTextures(gl: WebGL2RenderingContext): FlowTextures {
  const placesTexture = gl.createTexture();
  const paletteTexture = gl.createTexture();
  let knownPlaces: FlowPlaces | null = null;
  let knownPalette: Uint8Array | null = null;
  return {
    bind(places, palette) {
      gl.activeTexture(gl.TEXTURE0);
      gl.bindTexture(gl.TEXTURE_2D, placesTexture);
      if (places !== knownPlaces) uploadPlaces(gl, places);
      gl.activeTexture(gl.TEXTURE1);
      gl.bindTexture(gl.TEXTURE_2D, paletteTexture);
      if (palette !== knownPalette) uploadPalette(gl, palette);
      knownPlaces = places;
      knownPalette = palette;
    },
    dispose() {
      gl.deleteTexture(placesTexture);
      gl.deleteTexture(paletteTexture);
    },
  };
}

function uploadPlaces(gl: WebGL2RenderingContext, { x, y, radius }: FlowPlaces): void {
  const rows = Math.max(1, Math.ceil(x.length / PLACES_WIDTH));
  const texels = new Float32Array(rows * PLACES_WIDTH * 4);
  for (let node = 0; node < x.length; node++) texels.set([x[node], y[node], radius[node], 0], 4 * node);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, PLACES_WIDTH, rows, 0, gl.RGBA, gl.FLOAT, texels);
  setNearest(gl);
}

function uploadPalette(gl: WebGL2RenderingContext, palette: Uint8Array): void {
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, palette.length / 1024, 0, gl.RGBA, gl.UNSIGNED_BYTE, palette);
  setNearest(gl);
}

function setNearest(gl: WebGL2RenderingContext): void {
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
}
