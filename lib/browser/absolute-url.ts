/** Resolves a URL. Not by the page's base address: markup that sanitizers let by can set that. */
export function absoluteUrl(url: string, base = document.location.href): string {
  return new URL(url, base).href
}
