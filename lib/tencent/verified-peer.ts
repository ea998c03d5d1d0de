/**
 * Options of every TLS connection. Set, it holds against `NODE_TLS_REJECT_UNAUTHORIZED=0`, which some set in a whole environment for one
 * service with a certificate of its own: anything on the way to Tencent could then read the secrets, and answer code 1 to every ticket.
 */
export const verifiedPeer = { rejectUnauthorized: true } as const
