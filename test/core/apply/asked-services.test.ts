import { describe, expect, it } from "vitest";
import { askedServices, mayAsk } from "../../../src/core/apply/asked-services.ts";
import { keyOf, objectId } from "../../../src/core/model/kube-object.ts";

const service = { name: "hook", namespace: "web", port: 443 };
const clientConfig = { service };

describe("the Services that an API server asks for an object's sake", () => {
  it.each([
    ["MutatingWebhookConfiguration", { webhooks: [{ clientConfig }, { clientConfig }] }],
    [
      "ValidatingWebhookConfiguration",
      { webhooks: [{ clientConfig: { url: "https://a" } }, { clientConfig }] },
    ],
    ["CustomResourceDefinition", { spec: { conversion: { webhook: { clientConfig } } } }],
    ["APIService", { spec: { service } }],
  ])("are named by a %s", (kind, members) => {
    const live = { apiVersion: "example.org/v1", kind, metadata: { name: "a" }, ...members };
    expect(new Set(askedServices(live))).toEqual(new Set(["_Service_web_hook"]));
    expect(mayAsk(objectId(keyOf(live)))).toBe(true);
  });

  it.each([
    ["ValidatingWebhookConfiguration", {}],
    ["ValidatingWebhookConfiguration", { webhooks: [null, {}, { clientConfig: { service: {} } }] }],
    ["CustomResourceDefinition", { spec: { conversion: { strategy: "None" } } }],
    ["APIService", { spec: { service: null } }],
    ["Deployment", { spec: { service } }],
  ])("are none of a %s with %j", (kind, members) => {
    const live = { apiVersion: "example.org/v1", kind, metadata: { name: "a" }, ...members };
    expect(askedServices(live)).toEqual([]);
  });
});
