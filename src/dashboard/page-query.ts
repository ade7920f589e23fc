/** What a viewer asks of the page, in the query of its URL: the page works without a script, and can be linked to. */

/** Which sites are listed. */
export const siteFilters = {
  all: "all sites",
  unwell: "all that are not well",
  unsynced: "not in sync",
  unhealthy: "not healthy",
  offline: "offline",
  suspended: "suspended",
} as const;
export type SiteFilter = keyof typeof siteFilters;

export interface PageQuery {
  /** Part of the name of a site, region or app; "" for none. */
  readonly text: string;
  readonly show: SiteFilter;
  /** Page of the list of sites found, from 1. */
  readonly page: number;
  /** Opened regions, with the page of their sites. */
  readonly regions: ReadonlyMap<string, number>;
}

const maxTextLength = 100;
const maxRegions = 10;

/** Reads the query; what cannot be read is left out. */
export function readQuery(params: URLSearchParams): PageQuery {
  const show = params.get("show") ?? "";
  const regions = params.getAll("region").flatMap((value): [string, number][] => {
    const { name = "", page } =
      /^(?<name>[a-z0-9-]{1,63})(:(?<page>\d{1,6}))?$/.exec(value)?.groups ?? {};
    return name === "" ? [] : [[name, pageNumber(page)]];
  });
  return {
    text: (params.get("q") ?? "").trim().slice(0, maxTextLength).toLowerCase(),
    show: Object.hasOwn(siteFilters, show) ? (show as SiteFilter) : "all", // just looked up
    page: pageNumber(params.get("page") ?? undefined),
    regions: new Map(regions.slice(-maxRegions)),
  };
}

function pageNumber(text: string | undefined): number {
  return /^\d{1,6}$/.test(text ?? "") ? Math.max(1, Number(text)) : 1;
}

/** Sites are looked for; otherwise they are listed by region. */
export function isSearch({ text, show }: PageQuery): boolean {
  return text !== "" || show !== "all";
}

/** The URL of the page with some of the query changed. Equal queries have equal URLs. */
export function hrefOf(query: PageQuery, changes: Partial<PageQuery> = {}): string {
  const { text, show, page, regions } = { ...query, ...changes };
  const params = new URLSearchParams();
  if (text !== "") params.set("q", text);
  if (show !== "all") params.set("show", show);
  if (page > 1) params.set("page", String(page));
  for (const [name, number] of regions) {
    params.append("region", number > 1 ? `${name}:${number}` : name);
  }
  const written = params.toString();
  return written === "" ? "/" : `/?${written}`;
}
