/** What an operator sends, checked: the decision itself, and who they are. */
import { Type } from "typebox";
import { HttpRefusal } from "../adapters/http/answer-error.ts";
import type { Decision } from "../core/protocol/api.ts";
import { dataCheck } from "../core/model/data-check.ts";

const closed = { additionalProperties: false } as const;
const Text = Type.String({ minLength: 1, maxLength: 300 });
const Why = Type.String({ maxLength: 2000 });
const common = { why: Why, by: Type.Optional(Text) };
const HoldScope = Type.Object(
  {
    fleet: Type.Optional(Type.Literal(true)),
    region: Type.Optional(Text),
    site: Type.Optional(Text),
    app: Type.Optional(Text),
    stage: Type.Optional(Text),
  },
  { ...closed, minProperties: 1 },
);

const bodies = {
  pause: Type.Object(
    {
      ...common,
      scope: HoldScope,
      all: Type.Optional(Type.Boolean()),
      release: Type.Optional(Text),
    },
    closed,
  ),
  resume: Type.Object({ ...common, scope: HoldScope, release: Type.Optional(Text) }, closed),
  approve: Type.Object(
    {
      ...common,
      app: Text,
      release: Text,
      stage: Type.Optional(Text),
      deletions: Type.Optional(Type.Integer({ minimum: 0 })),
      removal: Type.Optional(Type.Union([Type.Literal("delete"), Type.Literal("orphan")])),
    },
    closed,
  ),
  excuse: Type.Object(
    {
      ...common,
      app: Type.Optional(Text),
      release: Type.Optional(Text),
      site: Type.Optional(Text),
      region: Type.Optional(Text),
      uid: Type.Optional(Text),
    },
    closed,
  ),
  promote: Type.Object(
    { ...common, app: Text, release: Type.Optional(Text), stage: Type.Optional(Text) },
    closed,
  ),
  urgent: Type.Object({ ...common, app: Text, release: Type.Optional(Text) }, closed),
  retry: Type.Object({ ...common, app: Text, release: Text, site: Type.Optional(Text) }, closed),
  rollback: Type.Object(
    {
      ...common,
      app: Text,
      release: Type.Optional(Text),
      to: Type.Optional(Text),
      site: Type.Optional(Text),
      stage: Type.Optional(Text),
    },
    closed,
  ),
  "accept-head": Type.Object(
    { ...common, commit: Type.String({ pattern: "^[0-9a-f]{40}$" }) },
    closed,
  ),
  recover: Type.Object(common, closed),
} as const satisfies Record<Decision["verb"], unknown>;

const checks = new Map(
  Object.entries(bodies).map(([verb, schema]) => [verb, dataCheck(schema)] as const),
);

/** A decision and who took it, as far as the API knows. */
export interface AskedDecision {
  readonly decision: Decision;
  /** Who the caller is proven to be, else who they say they are; whoever has the API token may say so. */
  readonly by: string;
}

/** Reads a decision; 400 with the first mistake, 404 for a verb that there is not. */
export function readDecision(verb: string, body: unknown): AskedDecision {
  const check = checks.get(verb);
  if (check === undefined) {
    throw new HttpRefusal(404, `there is no decision "${verb}"`, {
      hint: `decisions are ${[...checks.keys()].join(", ")}`,
    });
  }
  const given = typeof body === "object" && body !== null && "verb" in body ? rest(body) : body;
  const checked = check(given);
  if ("mistake" in checked) throw new HttpRefusal(400, `${verb}: ${checked.mistake}`);
  const { by = "operator", ...fields } = checked.value;
  if (fields.why.trim() === "") {
    const hint = "say why: it is recorded with the time and with who decided";
    throw new HttpRefusal(400, `${verb}: /why is empty`, { hint });
  }
  return { decision: { verb, ...fields } as Decision, by }; // what the schema of the verb checked
}

function rest(body: object): object {
  return Object.fromEntries(Object.entries(body).filter(([key]) => key !== "verb"));
}
