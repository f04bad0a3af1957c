import { setTimeout as sleep } from "node:timers/promises";
import type { Storage } from "../../storage/storage.ts";
import { ifThere, UPLOAD_TIMEOUT_MS, type CvatClient } from "./client.ts";
import { CvatError } from "./errors.ts";
import { frameName } from "./reader.ts";
import type { CvatRequest, CvatTask } from "./wire.ts";

/** Per request: CVAT's own client sends up to 100 MB at once. */
const BYTES_AT_ONCE = 24e6;
const FRAMES_AT_ONCE = 100;
/** Of the frames as CVAT shows them, in percent: small animals suffer from its default of 70. */
const IMAGE_QUALITY = 95;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 5_000;
const GIVE_UP_MS = 3_600_000;

/** Gives a new task its frames, and waits until CVAT has made its jobs. Not to be repeated on the same task: CVAT would append to half a frame. */
export async function uploadFrames(options: { client: CvatClient; storage: Storage; cvatTaskId: number; frames: { frame: number; image_key: string }[] }): Promise<void> {
  const { client, storage, cvatTaskId, frames } = options;
  const path = `/api/tasks/${cvatTaskId}/data/`;
  await client.send("POST", path, undefined, { headers: { "Upload-Start": "true" } });
  let batch: { name: string; content: Buffer }[] = [];
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    const form = new FormData();
    form.set("image_quality", String(IMAGE_QUALITY));
    for (const [i, { name, content }] of batch.entries()) form.set(`client_files[${i}]`, new Blob([new Uint8Array(content)], { type: "image/jpeg" }), name);
    batch = [];
    await client.send("POST", path, form, { headers: { "Upload-Multiple": "true" }, timeoutMs: UPLOAD_TIMEOUT_MS });
  };
  for (const { frame, image_key } of frames) {
    batch.push({ name: frameName(frame), content: await storage.read(image_key) });
    if (batch.length >= FRAMES_AT_ONCE || batch.reduce((sum, { content }) => sum + content.length, 0) >= BYTES_AT_ONCE) await flush();
  }
  await flush();
  // The names have their numbers padded: in lexicographical order they are in the order of the video.
  const settings = { image_quality: IMAGE_QUALITY, sorting_method: "lexicographical", use_zip_chunks: true, use_cache: true };
  const { rq_id: id } = await client.send<{ rq_id: string }>("POST", path, settings, { headers: { "Upload-Finish": "true" }, timeoutMs: UPLOAD_TIMEOUT_MS });
  await requestDone(client, id, cvatTaskId);
}

/** The making of a task's jobs that CVAT is at, if it is. */
export async function runningUpload(client: CvatClient, cvatTaskId: number): Promise<string | null> {
  const requests = await client.all<CvatRequest>("/api/requests", { task_id: cvatTaskId, action: "create", target: "task" });
  return requests.find(({ status }) => status === "queued" || status === "started")?.id ?? null;
}

/** Throws CvatError where CVAT could not do what was asked. */
export async function requestDone(client: CvatClient, id: string, cvatTaskId: number): Promise<void> {
  const path = `/api/requests/${encodeURIComponent(id)}`;
  const fail = (detail: string) => new CvatError({ method: "GET", url: client.url + path, status: 200, detail });
  const until = Date.now() + GIVE_UP_MS;
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 1.5, LONGEST_WAIT_MS)) {
    const request = await ifThere(() => client.get<CvatRequest>(path));
    if (request?.status === "finished") return;
    if (request?.status === "failed") throw fail(`it could not take the frames: ${request.message ?? "no reason given"}`);
    // CVAT forgets requests some time after they are done.
    if (request === null && ((await client.get<CvatTask>(`/api/tasks/${cvatTaskId}`)).size ?? 0) > 0) return;
    if (request === null) throw fail("it has forgotten that it was to take the frames");
    if (Date.now() > until) throw fail(`it has not taken the frames after ${GIVE_UP_MS / 60_000} minutes`);
    await sleep(wait);
  }
}
