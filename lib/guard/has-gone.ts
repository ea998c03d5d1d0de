import type { ServerResponse } from 'node:http'

/** Whether the client has gone already: no `close` will tell. A response of HTTP/2 says so on its stream alone. */
export function hasGone(res: ServerResponse & { readonly stream?: { readonly destroyed: boolean } }): boolean {
  return (res.closed || res.destroyed || (res.stream?.destroyed ?? false)) && !res.writableEnded
}
