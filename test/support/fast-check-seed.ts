/**
 * Property tests run with one seed, so that a run can be repeated and a change is judged by the change. Another seed:
 * `FLOTILLA_SEED=7 npm test`; `FLOTILLA_SEED=random` takes a new one each time, as one does when looking for trouble.
 */
import { configureGlobal, readConfigureGlobal } from "fast-check";

const wanted = process.env["FLOTILLA_SEED"] ?? "20261122";
if (wanted !== "random") configureGlobal({ ...readConfigureGlobal(), seed: Number(wanted) });
