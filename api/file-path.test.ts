import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { checkPath } from "./file-path.ts";

let folder: string;
let root: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "actverse-")));
  root = join(folder, "videos");
  await mkdir(join(root, "sub"), { recursive: true });
  await mkdir(join(folder, "videos-of-others"));
  for (const file of ["videos/a.mp4", "videos/sub/b.mp4", "videos-of-others/c.mp4"]) await writeFile(join(folder, file), "x");
  await symlink(join(folder, "videos-of-others", "c.mp4"), join(root, "out.mp4"));
  await symlink(join(root, "a.mp4"), join(root, "in.mp4"));
  await symlink(root, join(folder, "alias"));
});
afterAll(() => rm(folder, { recursive: true }));

const check = (path: string, kind: "file" | "folder" = "file", allowedRoots = [root]) => checkPath({ path, field: "file_path", kind, allowedRoots });

it("takes files under a root, through links that stay there as well", async () => {
  for (const name of ["a.mp4", "sub/b.mp4", "in.mp4"]) await expect(check(join(root, name)), name).resolves.toBeUndefined();
  await expect(check(join(folder, "alias", "a.mp4"), "file", [join(folder, "alias")])).resolves.toBeUndefined();
  await expect(check("/a.mp4", "file", ["/"])).rejects.toMatchObject({ status: 404 });
});

it.each([
  ["a link that leads out", "out.mp4", 400],
  ["a neighbour whose name begins alike", "../videos-of-others/c.mp4", 400],
  ["what is not there", "none.mp4", 404],
  ["a folder", "sub", 400],
])("refuses %s", async (_what, name, status) => {
  await expect(check(`${root}/${name}`)).rejects.toMatchObject({ field: "file_path", status });
});

it("says the same of what is outside, whether it is there or not", async () => {
  const said = await Promise.all(["c.mp4", "d.mp4"].map((name) => check(join(folder, "videos-of-others", name)).catch((error: Error) => error.message.replace(name, "X"))));
  expect(said[0]).toBe(said[1]);
});

it("takes http(s) addresses of files, and no other scheme", async () => {
  for (const url of ["http://example.org/a.mp4", "HTTPS://example.org/a.mp4"]) await expect(check(url), url).resolves.toBeUndefined();
  for (const url of ["file:///etc/passwd", "ftp://example.org/a", "concat://a", "http://", "https://exa mple/"]) await expect(check(url), url).rejects.toMatchObject({ status: 400 });
  await expect(check("https://example.org/", "folder")).rejects.toMatchObject({ status: 400 });
});

it("takes a folder to upload to that is yet to be made", async () => {
  await expect(check(join(root, "results", "today"), "folder")).resolves.toBeUndefined();
  await expect(check(join(folder, "elsewhere"), "folder")).rejects.toMatchObject({ status: 400 });
});

it("leaves the file to the worker where the roots are on another machine", async () => {
  await expect(check("/lab/share/a.mp4", "file", ["/lab/share"])).resolves.toBeUndefined();
  await expect(check("/lab/other/a.mp4", "file", ["/lab/share"])).rejects.toMatchObject({ status: 400 });
});
