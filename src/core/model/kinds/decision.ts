import { type Static, type TProperties, Type } from "typebox";
import { closedObject, documentOf, nameOf } from "./shared.ts";

const optionalName = (description: string) => Type.Optional(nameOf(description));
const release = nameOf("id of a release, as `flotilla status` and `flotilla history` show it");
const action = <T extends TProperties>(properties: T, description: string) =>
  Type.Optional(closedObject(properties, description));

const scope = {
  fleet: Type.Optional(Type.Literal(true, { description: "true: everything; alone" })),
  region: optionalName("only in this Region"),
  site: optionalName("only at this Site"),
  app: optionalName("only this App"),
  stage: optionalName("only stages of this name"),
  release: Type.Optional({
    ...release,
    description: "a release of the app: it goes on, newer ones do not",
  }),
};

export const Decision = documentOf(
  "Decision",
  closedObject(
    {
      why: Type.String({
        title: "reason",
        pattern: "\\S",
        maxLength: 2000,
        description: "the reason; it is recorded",
      }),
      hold: action(
        {
          ...scope,
          all: Type.Optional(
            Type.Boolean({ default: false, description: "true: stops the open list too" }),
          ),
        },
        "stops releases for as long as the file says so; at least one of the scope's fields",
      ),
      resume: action(scope, "ends a pause that was made through the API, with this scope"),
      approve: action(
        {
          app: nameOf("the App"),
          release,
          stage: optionalName("the stage that may open"),
          deletions: Type.Optional(
            Type.Integer({ minimum: 0, description: "so many objects may be deleted" }),
          ),
          removal: Type.Optional(
            Type.Enum(["delete", "orphan"], {
              description: "what becomes of the objects of an app that leaves",
            }),
          ),
        },
        "gives an approval that a release waits for: exactly one of `stage`, `deletions`, `removal`",
      ),
      excuse: action(
        {
          app: optionalName("the App; without it, every release that waits for the site"),
          release: Type.Optional(release),
          site: optionalName("goes on without this Site"),
          region: optionalName(
            "goes on without this Region while its worker is silent, for every App; alone",
          ),
          uid: Type.Optional(
            Type.String({
              minLength: 1,
              maxLength: 300,
              description:
                "UID of the cluster of a site that moves (its old worker is not waited for), or whose worker finds that another mirror has it",
            }),
          ),
        },
        "goes on without a site or a region: one of `site` and `region`",
      ),
      retry: action(
        { app: nameOf("the App"), release, site: optionalName("only at this Site") },
        "hands a release to sites again where it failed",
      ),
      promote: action(
        {
          app: nameOf("the App"),
          release: Type.Optional(release),
          stage: optionalName("the stage at which the release is"),
        },
        "lets a release go on past what its stage waits for: approval, soak, promotion by hand",
      ),
      urgent: action(
        { app: nameOf("the App"), release: Type.Optional(release) },
        "calls a release urgent: it may do what its RolloutStrategy has declared for that",
      ),
      rollback: action(
        {
          app: nameOf("the App"),
          release: Type.Optional({
            ...release,
            description: "the open release that goes back; without it, the candidate",
          }),
          to: Type.Optional({
            ...release,
            description: "a release that was through once: sites get what they had then",
          }),
          site: optionalName("only at this Site"),
          stage: optionalName("only the sites of this stage"),
        },
        "sets sites back; at most one of `site` and `stage`, and of `release` and `to`",
      ),
    },
    "what is decided: exactly one of `hold`, `resume`, `approve`, `excuse`, `retry`, `promote`, `urgent`, `rollback`",
  ),
  "An operator's decision as a file: carried out once when its commit is followed; a hold, for as long as it is there.",
);
export type Decision = Static<typeof Decision>;
