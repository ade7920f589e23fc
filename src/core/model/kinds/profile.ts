import { type Static, Type } from "typebox";
import { ProfileOverlay } from "./overlay.ts";
import { closedObject, documentOf, nameOf, valuesOf } from "./shared.ts";

export const Profile = documentOf(
  "Profile",
  closedObject(
    {
      extends: Type.Optional(
        nameOf(
          "name of a Profile that comes first, and that this one adds to; its own name means the one that Flotilla ships",
        ),
      ),
      values: Type.Optional(
        valuesOf("values that hold where nothing else says them: those of the App go over them"),
      ),
      overlays: Type.Optional(
        Type.Array(ProfileOverlay, {
          description: "changes to every app, in order, below the overlays of the App",
        }),
      ),
    },
    "what is said of all apps, at sites or of apps that take it",
  ),
  "A profile: default values and overlays for a kind of cluster, which Sites and Apps take by name.",
);
export type Profile = Static<typeof Profile>;
