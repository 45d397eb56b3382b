/** Compiles a program. The caller deletes it. @throws Error with the compiler's words. */
export function createProgram(gl: WebGL2RenderingContext, vertex: string, fragment: string): WebGLProgram {
  const { program, check } = startProgram(gl, vertex, fragment);
  check();
  return program;
}

/** Has a program compiled while other work goes on; `check` waits for it and throws as `createProgram` does. */
export function startProgram(
  gl: WebGL2RenderingContext,
  vertex: string,
  fragment: string,
): { program: WebGLProgram; check(): void } {
  const program = gl.createProgram();
  const shaders = [compile(gl, gl.VERTEX_SHADER, vertex), compile(gl, gl.FRAGMENT_SHADER, fragment)];
  for (const shader of shaders) gl.attachShader(program, shader);
  gl.linkProgram(program);
  gl.flush();
  const check = () => {
    // Asked only once, at the end: each question waits for the GPU's process.
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      const words = [...shaders.map((shader) => gl.getShaderInfoLog(shader)), gl.getProgramInfoLog(program)];
      throw new Error(`The shaders do not compile: ${words.filter(Boolean).join("; ")}`);
    }
    for (const shader of shaders) gl.deleteShader(shader);
  };
  return { program, check };
}

function compile(gl: WebGL2RenderingContext, type: number, source: string): WebGLShader {
  const shader = gl.createShader(type) as WebGLShader;
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  return shader;
}

/** The locations of the named uniforms. */
export function uniformsOf<Name extends string>(
  gl: WebGL2RenderingContext,
  program: WebGLProgram,
  names: readonly Name[],
): Record<Name, WebGLUniformLocation | null> {
  return Object.fromEntries(names.map((name) => [name, gl.getUniformLocation(program, name)])) as Record<
    Name,
    WebGLUniformLocation | null
  >;
}
