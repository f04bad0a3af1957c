import { expect, test } from "vitest";
import { colourOf } from "../ass.ts";
import { clock, esc, hexOf, lineChart, niceAbove, percent } from "./parts.ts";

test("times, shares and numbers as people read them", () => {
  expect([0, 59.96, 61.25, 3725.5].map((s) => clock(s, true))).toEqual(["0:00.0", "0:59.9", "1:01.2", "1:02:05.5"]);
  expect([0, 59.6, 3600].map((s) => clock(s))).toEqual(["0:00", "1:00", "1:00:00"]);
  expect([1, 0.99999, 0.8755, 0].map(percent)).toEqual(["100.0 %", "99.9 %", "87.5 %", "0.0 %"]);
  expect([0, 0.7, 1, 1.2, 30, 99, 2400].map(niceAbove)).toEqual([1, 1, 1, 2, 50, 100, 2500]);
});

test("an id has the colour that the annotated video gives to it", () => {
  expect(colourOf("1")).toBe("&HE9B456&");
  expect(hexOf("1")).toBe("#56b4e9");
});

test("names are text, and a gap interrupts a line", () => {
  expect(esc(`<b a="1">'&`)).toBe("&lt;b a=&quot;1&quot;&gt;&#39;&amp;");
  const chart = lineChart({ title: "Speed", unit: "pixels/s", seconds: 4, lines: [{ id: "0", label: "animal <0>", colour: "#123456", values: [0, 10, null, 5, null] }] });
  expect(chart).toContain('d="M0 100h0L250 0M750 50h0"');
  expect(chart).toContain("animal &lt;0&gt;");
});
