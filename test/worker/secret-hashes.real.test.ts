import { realBed } from "../support/test-bed.ts";
import { describeSecretHashes } from "./rules/secret-hashes.ts";

describeSecretHashes("a real API server", realBed);
