import { expect, it } from "vitest";
import type { TaskState } from "../../../../domain/state.ts";
import { labelingUrl } from "./labeling-url.ts";

const task = (tool: string, ...urls: string[]) => ({ task_id: "abc", settings: { labeling: { tool } }, timeline: urls.map((url) => ({ event: "labeling.requested", at: "", data: { url } })) }) as unknown as TaskState;

it("leads to where people label: our page, or the tool that the task asked last", () => {
  expect(labelingUrl(task("builtin", "https://actverse.lab/label/abc"))).toBe("/label/abc");
  expect(labelingUrl(task("cvat", "http://cvat.lab/tasks/1", "http://cvat.lab/tasks/2"))).toBe("http://cvat.lab/tasks/2");
  expect(labelingUrl(task("cvat"))).toBe("/label/abc");
  expect(labelingUrl(task("cvat", "javascript:alert(1)"))).toBe("/label/abc");
});
