// @ts-check
import { isIP } from 'node:net'

/**
 * Lets in requests of this machine that a page of this very site, or no page, has sent. Another site open in the same browser can
 * send requests here too: under its own name (DNS rebinding: the Host is wrong), or across sites (the Origin is wrong).
 *
 * @type {import('express').RequestHandler}
 */
export function onlyThisMachine(req, res, next) {
  const { host = '', origin } = req.headers
  const isReading = req.method === 'GET' || req.method === 'HEAD'
  const isOwnPage = origin === `http://${host}` || (isReading && origin === undefined)
  if (isLoopback(req.socket.remoteAddress) && isLoopback(hostName(host)) && isOwnPage) return next()
  res.status(403).json({ title: 'The switchboard answers to its own page on this machine only' })
}

/** @param {string} host */
function hostName(host) {
  return host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
}

/** @param {string | undefined} name */
function isLoopback(name = '') {
  const address = name.replace(/^::ffff:/, '')
  return address === 'localhost' || address === '::1' || (isIP(address) === 4 && address.startsWith('127.'))
}
