import { modelBed } from "../support/test-bed.ts";
import { describeSecretHashes } from "./rules/secret-hashes.ts";

describeSecretHashes("the model of a cluster", modelBed);
