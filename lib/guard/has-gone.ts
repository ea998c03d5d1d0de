import type { ServerResponse } from 'node:http'

/** Whether the client has gone already. A response of HTTP/2 has no `destroyed`, and says so on its stream. */
export function hasGone(res: ServerResponse & { readonly stream?: { readonly destroyed: boolean } }): boolean {
  return (res.destroyed ?? res.stream?.destroyed ?? false) && !res.writableEnded
}
