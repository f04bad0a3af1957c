import sharp from "sharp";

/** See VideoTools.readGrey. The next image is decoded while the caller works on this one. */
export async function* readGreyImages(options: { files: string[]; width: number; height: number; signal?: AbortSignal }): AsyncGenerator<Buffer> {
  const read = (file: string | undefined): Promise<Buffer> | null =>
    file === undefined ? null : sharp(file).toColourspace("b-w").resize(options.width, options.height, { fit: "fill" }).removeAlpha().raw().toBuffer();
  let next = read(options.files[0]);
  for (let i = 0; next !== null; i++) {
    options.signal?.throwIfAborted();
    const grey = await next;
    next = read(options.files[i + 1]);
    // Waited for at the next turn; until then its failure is nobody's.
    next?.catch(() => undefined);
    yield grey;
  }
}
