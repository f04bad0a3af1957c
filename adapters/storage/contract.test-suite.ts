import { describe, expect, it } from "vitest";
import { StorageError, readJson, readJsonIfThere, type Storage } from "./storage.ts";

/** Every storage passes this. */
export function storageContract(kind: string, create: () => Promise<Storage>): void {
  describe(`storage contract: ${kind}`, () => {
    it("gives back what was put, whole and in ranges", async () => {
      const storage = await create();
      await storage.put("a/b.txt", "0123456789");
      expect((await storage.read("a/b.txt")).toString()).toBe("0123456789");
      expect(await storage.size("a/b.txt")).toBe(10);
      const chunks: Buffer[] = [];
      for await (const chunk of await storage.stream("a/b.txt", { start: 2, end: 4 })) chunks.push(chunk as Buffer);
      expect(Buffer.concat(chunks).toString()).toBe("234");
    });

    it("put replaces, createIfAbsent does not and says so", async () => {
      const storage = await create();
      await storage.put("k", "one");
      await storage.put("k", "two");
      expect(await storage.createIfAbsent("k", "three")).toBe(false);
      expect((await storage.read("k")).toString()).toBe("two");
    });

    it("lets exactly one of many writers create a key", async () => {
      const storage = await create();
      const won = await Promise.all(Array.from({ length: 20 }, (_, i) => storage.createIfAbsent("edits/1.json", `writer ${i}`)));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect((await storage.read("edits/1.json")).toString()).toBe(`writer ${won.indexOf(true)}`);
    });

    it("keeps an empty key, which exactly one can create", async () => {
      const storage = await create();
      const won = await Promise.all(Array.from({ length: 20 }, () => storage.createIfAbsent("list/one", "")));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await storage.list("list/")).toEqual(["list/one"]);
      expect(await storage.size("list/one")).toBe(0);
      await storage.put("list/two", "2");
      expect(await storage.createIfAbsent("list/two", "")).toBe(false);
      expect((await storage.read("list/two")).toString()).toBe("2");
    });

    it("lists a prefix in order and nothing unpublished", async () => {
      const storage = await create();
      for (const key of ["f/2.json", "f/1.json", "f/sub/3.json", "g/1.json"]) await storage.put(key, "x");
      expect(await storage.list("f/")).toEqual(["f/1.json", "f/2.json", "f/sub/3.json"]);
      expect(await storage.list("none/")).toEqual([]);
      expect(await storage.list("f/", { limit: 2 })).toEqual(["f/1.json", "f/2.json"]);
      expect(await storage.list("f/", { after: "f/1.json", limit: 5 })).toEqual(["f/2.json", "f/sub/3.json"]);
      expect(await storage.list("f/", { after: "f/1~" })).toEqual(["f/2.json", "f/sub/3.json"]);
    });

    it("names the key of what is missing", async () => {
      const storage = await create();
      await expect(storage.read("no/such")).rejects.toThrow(/no\/such/);
      await expect(readJson(storage, "no/such")).rejects.toBeInstanceOf(StorageError);
      expect(await readJsonIfThere(storage, "no/such")).toBeNull();
      expect(await storage.size("no/such")).toBeNull();
      await storage.remove("no/such");
    });

    it("refuses keys that lead out of it", async () => {
      const storage = await create();
      for (const key of ["../x", "a/../../x", "/etc/passwd", "a\0b", ""]) await expect(storage.put(key, "x")).rejects.toBeInstanceOf(StorageError);
    });
  });
}
