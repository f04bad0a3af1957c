import { Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** Takes text as it comes and hands on whole lines: the packet list of an eight-hour video is never one string. */
export function createLineSink(onLine: (line: string) => void): Writable {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  return new Writable({
    // fluent-ffmpeg takes a stream's `close` for a reader that went away.
    emitClose: false,
    write(chunk: Buffer, _encoding, done) {
      const lines = (rest + decoder.write(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
      done();
    },
    final(done) {
      if (rest !== "") onLine(rest);
      done();
    },
  });
}
