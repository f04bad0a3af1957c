import { describe, expect, it } from "vitest";
import { createApi } from "./api.ts";
import { LabelStudioError, type Client } from "./client.ts";
import type { Task } from "./wire.ts";

/** Answers of Label Studio Enterprise, and of moments that a real server does not give at will. */
function clientThat(answer: (path: string, query?: Record<string, unknown>) => unknown): Client {
  const ask = async (path: string, query?: Record<string, unknown>): Promise<never> => answer(path, query) as never;
  return { get: ask, send: (_method, path) => ask(path), upload: (path) => ask(path) };
}
const missing = (path: string): never => {
  throw new LabelStudioError("Label Studio answers 404", { url: path, status: 404 });
};

describe("Label Studio's API", () => {
  it("waits for an import that runs in the background, as Enterprise's do", async () => {
    const states = ["created", "in_progress", "completed"];
    const asked: string[] = [];
    const api = createApi(
      clientThat((path) => {
        asked.push(path);
        return path.endsWith("/import") ? { import: 7 } : { status: states.shift() };
      }),
    );
    await api.importTasks(3, []);
    expect(asked).toEqual(["/api/projects/3/import", ...Array.from({ length: 3 }, () => "/api/projects/3/imports/7/")]);
    const failing = createApi(clientThat((path) => (path.includes("/import?") ? { import: 8 } : { status: "failed", error: "no space left" })));
    await expect(failing.uploadImages(3, [], { commit: false })).rejects.toThrow("no space left");
  });

  it("finds exactly that title, and of two the older", async () => {
    const project = (id: number, title: string) => ({ id, title });
    const api = createApi(clientThat(() => ({ results: [project(5, "flies - 0000000task0"), project(4, "flies - 0000000task0"), project(1, "my flies - 0000000task0")] })));
    expect(await api.projectCalled("flies - 0000000task0")).toMatchObject({ id: 4 });
    expect(await api.projectCalled("flies")).toBeNull();
  });

  it("tells a lost project from tasks that go while they are read", async () => {
    expect(await createApi(clientThat(missing)).tasks(3)).toBeNull();
    expect(await createApi(clientThat(missing)).project(3)).toBeNull();
    const page = { total: 150, tasks: Array.from({ length: 100 }, (_, id): Task => ({ id, data: {}, annotations: [], predictions: [] })) };
    await expect(createApi(clientThat((path, query) => (query?.["page"] === 1 ? page : missing(path)))).tasks(3)).rejects.toThrow("while they were read");
  });

  it("knows people's names where it may, and else what an annotation says", async () => {
    const users = [{ id: 1, email: "ann@lab.example" }, { id: 2, username: "bob" }];
    for (const list of [users, { results: users }]) {
      const nameOf = await createApi(clientThat(() => list)).names();
      expect([nameOf(1), nameOf(2), nameOf(3), nameOf(null), nameOf({ id: 9, email: "eve@lab.example" }), nameOf({ id: 1 })]).toEqual(["ann@lab.example", "bob", null, null, "eve@lab.example", "ann@lab.example"]);
    }
    const nameOf = await createApi(clientThat(missing)).names();
    expect(nameOf(1)).toBeNull();
  });
});
