import { isIP } from 'node:net'
import type { RequestHandler } from 'express'

/**
 * Refuses what does not come from this machine, through a proxy on it either, and from a page of this very site. Another site that is open in the same browser can
 * send requests here too: under its own name (DNS rebinding: the Host is wrong), or across sites (the Origin is wrong).
 */
export const onlyThisMachine: RequestHandler = (req, res, next) => {
  const { host = '', origin } = req.headers
  const isReading = req.method === 'GET' || req.method === 'HEAD'
  const isOwnPage = origin === `http://${host}` || (isReading && origin === undefined)
  if (isLoopback(req.ip) && isLoopback(hostName(host)) && isOwnPage) return next()
  res.status(403).json({ title: 'The switchboard answers to its own page on this machine only' })
}

function hostName(host: string): string {
  return host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
}

function isLoopback(name = ''): boolean {
  const address = name.replace(/^::ffff:/, '')
  return address === 'localhost' || address === '::1' || (isIP(address) === 4 && address.startsWith('127.'))
}
