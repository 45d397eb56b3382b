/** A pass that is made when it is first needed. */
export interface Lazy<Pass> {
  get(): Pass;
  /** Null as long as it was not needed. */
  readonly made: Pass | null;
  dispose(): void;
}

/** Puts off what the first picture can do without: each program that is compiled before it holds it up. */
export function lazily<Pass extends { dispose(): void }>(make: () => Pass): Lazy<Pass> {
  let made: Pass | null = null;
  return {
    get() {
      made ??= make();
      return made;
    },
    get made() {
      return made;
    },
    dispose() {
      made?.dispose();
      made = null;
    },
  };
}
