import opencv from "@techstark/opencv-js";

export type OpenCv = typeof opencv;

/**
 * OpenCV compiled to WebAssembly; usable once its runtime has started (a quarter of a second).
 * Inside an object, since the module itself has a method `then` that never lets an `await` end.
 */
export async function loadOpenCv(): Promise<{ cv: OpenCv }> {
  // `Mat` is there only after the start, whatever the types say.
  if ((opencv as Partial<OpenCv>).Mat === undefined) {
    await new Promise<void>((resolve) => {
      opencv.onRuntimeInitialized = resolve;
    });
  }
  return { cv: opencv };
}

/** Frees matrices at the end of the work: WebAssembly's memory has no garbage collector. */
export function withMats<T>(work: (keep: <M extends { delete(): void }>(mat: M) => M) => T): T {
  const mats: { delete(): void }[] = [];
  try {
    return work((mat) => {
      mats.push(mat);
      return mat;
    });
  } finally {
    for (const mat of mats) mat.delete();
  }
}
