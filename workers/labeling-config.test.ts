import { describe, expect, it } from "vitest";
import { readConfig } from "./config.ts";

const WHOLE = {
  ACTVERSE_PUBLIC_URL: "https://actverse.lab/",
  ACTVERSE_WEBHOOK_SECRET: "canary-of-the-secret",
  ACTVERSE_LABEL_STUDIO_URL: "http://label.lab:8081/",
  ACTVERSE_LABEL_STUDIO_TOKEN: "canary-of-the-token",
  ACTVERSE_CVAT_URL: "http://cvat.lab",
  ACTVERSE_CVAT_TOKEN: "canary-of-cvat",
};

describe("labeling tools in the environment", () => {
  it("are none by default", () => {
    expect(readConfig({})).toMatchObject({ publicUrl: null, webhookSecret: null, labelStudio: null, cvat: null });
  });

  it("are there when all of it is set, their addresses without a slash at the end", () => {
    expect(readConfig(WHOLE)).toMatchObject({
      publicUrl: "https://actverse.lab",
      labelStudio: { url: "http://label.lab:8081", token: "canary-of-the-token" },
      cvat: { url: "http://cvat.lab", token: "canary-of-cvat" },
    });
  });

  it.each([
    ["ACTVERSE_LABEL_STUDIO_TOKEN", ""],
    ["ACTVERSE_LABEL_STUDIO_URL", ""],
    ["ACTVERSE_CVAT_TOKEN", ""],
    ["ACTVERSE_PUBLIC_URL", ""],
    ["ACTVERSE_WEBHOOK_SECRET", ""],
    ["ACTVERSE_WEBHOOK_SECRET", "canary"],
    ["ACTVERSE_PUBLIC_URL", "actverse.lab"],
    ["ACTVERSE_CVAT_URL", "ftp://cvat.lab"],
    ["ACTVERSE_CVAT_URL", "http://ann:canary@cvat.lab"],
  ])("name %s where it is missing or wrong (%j), and show no secret", (name, value) => {
    const read = (): unknown => readConfig({ ...WHOLE, [name]: value });
    expect(read).toThrow(name);
    expect(read).not.toThrow("canary");
  });
});
