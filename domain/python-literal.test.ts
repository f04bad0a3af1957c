import { describe, expect, it } from "vitest";
import { parsePythonLiteral } from "./python-literal.ts";

describe("Python literals", () => {
  it("reads what Ultralytics writes", () => {
    expect(parsePythonLiteral("{0: 'fly', 1: \"mouse's\"}")).toEqual(new Map<unknown, unknown>([[0, "fly"], [1, "mouse's"]]));
    expect(parsePythonLiteral("[640, 384]")).toEqual([640, 384]);
    expect(parsePythonLiteral("{0: ['head', 'tail'],}")).toEqual(new Map([[0, ["head", "tail"]]]));
    expect(parsePythonLiteral(" (-1.5e2, True, None, 'a\\'b\\n') ")).toEqual([-150, true, null, "a'b\n"]);
    expect(parsePythonLiteral("{}")).toEqual(new Map());
  });

  it.each(["", "{0: }", "[1, 2", "[1 2]", "import os", "__import__('os')", "1 2", "{1}"])("refuses %j", (text) => {
    expect(() => parsePythonLiteral(text)).toThrow(SyntaxError);
  });
});
