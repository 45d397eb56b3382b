/** What is on the GPU for as long as each frame draws it. */
export interface FrameResources<Source, Resource> {
  /** The resource made of this object; makes it if it is not on the GPU. */
  of(source: Source): Resource;
  /** Frees what this frame did not draw; call it once a frame. */
  trim(): void;
  dispose(): void;
}

export function createFrameResources<Source extends object, Resource>(
  make: (source: Source) => Resource,
  free: (resource: Resource) => void,
): FrameResources<Source, Resource> {
  const resources = new Map<Source, Resource>();
  let inFrame = new Set<Source>();
  const remove = (source: Source, resource: Resource) => {
    free(resource);
    resources.delete(source);
  };
  return {
    of(source) {
      inFrame.add(source);
      const known = resources.get(source);
      if (known !== undefined) return known;
      const made = make(source);
      resources.set(source, made);
      return made;
    },
    trim() {
      for (const [source, resource] of resources) if (!inFrame.has(source)) remove(source, resource);
      inFrame = new Set();
    },
    dispose() {
      for (const [source, resource] of resources) remove(source, resource);
    },
  };
}
