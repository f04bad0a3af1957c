/** The pictures of frames near the shown one, decoded ahead, so that the next frame is there at once. */
export function createImages(urlOf: (frame: number) => string) {
  const KEEP = 12;
  const held = new Map<number, Promise<HTMLImageElement>>();
  const get = (frame: number): Promise<HTMLImageElement> => {
    const found = held.get(frame) ?? decoded(urlOf(frame));
    // Last used last: the first one is the one to let go.
    held.delete(frame);
    held.set(frame, found);
    found.catch(() => held.delete(frame));
    for (const old of held.keys()) {
      if (held.size <= KEEP) break;
      held.delete(old);
    }
    return found;
  };
  return {
    get,
    ahead(frames: readonly number[]): void {
      for (const frame of frames) get(frame).catch(() => undefined);
    },
  };
}

async function decoded(url: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}
