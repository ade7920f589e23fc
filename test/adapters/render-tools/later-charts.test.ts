/** Charts that print the time, which is another one later. */
import { describe, expect, it } from "vitest";
import { type FleetEdits } from "../../support/fleet.ts";
import { mistakesOf, toolFleet, webAt } from "../../support/render-tools.ts";
import { chart } from "../../support/tool-sources.ts";

const webChart = { chart: "charts/web" };
const withTemplate = (text: string): FleetEdits => ({
  ...chart,
  "charts/web/templates/queue.yaml": text,
});
const configMap = (value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: made }\ndata:\n  value: ${value}\n`;

describe("a chart that prints the time", { timeout: 60_000 }, () => {
  it.each([
    ["a day", '{{ now | date "2006-01-02" | quote }}'],
    ["a day for HTML", "{{ now | htmlDate | quote }}"],
    ["a day in UTC", '{{ now.UTC.Format "2006-01-02" | quote }}'],
    ["a year in UTC", '"{{ (now).UTC.Year }}"'],
    ["a day in a zone", '{{ dateInZone "2006-01-02" (now) "UTC" | quote }}'],
    ["a day for HTML in a zone", '{{ htmlDateInZone now "Europe/Rome" | quote }}'],
    ["another day", '{{ $x := now | dateModify "-48h" }}{{ $x.UTC.Day | quote }}'],
    ["days since 1970", '"{{ div (now | unixEpoch | int64) 86400 }}"'],
    ["years that have gone by", '{{ durationRound (toDate "2006Z07:00" "2020Z") | quote }}'],
    [
      "a day in a text of a template",
      '{{ include "day" . }}{{ define "day" }}{{ now.UTC.Day | quote }}{{ end }}',
    ],
  ])("is refused with object and field: %s", async (_, value) => {
    expect(await mistakesOf(toolFleet(webChart, withTemplate(configMap(value))))).toEqual([
      expect.stringContaining(
        "ConfigMap made is another one each time it is rendered, in .data.value;",
      ),
    ]);
  });

  it("may tell how long ago this moment was, and may use the word", async () => {
    const value = `"{{ durationRound now }}, {{ ago (now) }}, {{ .Values.now }}, now, {{ "now" }}"`;
    const spec = { values: { now: "now" } };
    expect((await webAt(toolFleet(webChart, withTemplate(configMap(value)), spec))).size).toBe(5);
  });

  it("is judged without that where it fails later", async () => {
    const limit = `{{ if gt now.UTC.Year ${new Date().getUTCFullYear()} }}{{ fail "over" }}{{ end }}`;
    const text = `${limit}${configMap("same")}`;
    expect((await webAt(toolFleet(webChart, withTemplate(text)))).size).toBe(5);
  });
});
